"""The table of bad input through the command line: one line on stderr, exit code 3, nothing stored."""

from __future__ import annotations

import bad_inputs
import pytest

from coxa.cli import run

PASSABLE = [case for case in bad_inputs.FILES if "NUL byte" not in case.name or "name" not in case.name]
"""No shell can pass a name with a NUL byte."""


@pytest.mark.parametrize("case", PASSABLE, ids=lambda case: case.name)
def test_a_bad_file_ends_in_one_clear_line(case, tmp_path, capsys):
    path, store = case.build(tmp_path), tmp_path / "store.sqlite"
    options = [word for key, value in case.read.items() for word in (f"--{key}", value)]
    code = run(
        ["analyze", str(path), "--position", "wall", "--side", "left", "--store", str(store), "--json", *options]
    )
    said = capsys.readouterr()
    assert code == 3
    assert not said.out
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("coxa: ")
    assert not [word for word in case.words if word not in lines[0]], lines[0]
    assert not store.exists()
