"""`python -m coxa.doctor [--json] [--no-scan] [--all]`: for when `coxa` itself does not start.

What it needs to start may be what is missing; here only the standard library is needed.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import nullcontext

from coxa.doctor.examine import as_json, examination
from coxa.doctor.findings import Finding
from coxa.doctor.place import Place
from coxa.doctor.show import lines, summary
from coxa.errors import CoxaError

OPTIONS = ("--json", "--no-scan", "--all")
USAGE = 2


def main(options: list[str]) -> int:
    """Examines, prints, and gives the exit code."""
    if set(options) - set(OPTIONS):
        print(f"coxa: options are {', '.join(OPTIONS)}; `coxa doctor` has more", file=sys.stderr)
        return USAGE
    place = Place(scan="--no-scan" not in options, every="--all" in options)
    findings: list[Finding] = []
    group, width = "", shutil.get_terminal_size().columns
    for heading, one in examination(place, lambda _: nullcontext()):
        findings.append(one)
        if "--json" not in options:
            for line in ([] if heading == group else [heading]) + list(lines(one, width)):
                print(line)
            group = heading
    print(json.dumps(as_json(findings), indent=2) if "--json" in options else summary(findings))
    return CoxaError.exit_code if any(one.level == "trouble" for one in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
