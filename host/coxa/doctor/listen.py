"""`python -m coxa.doctor.listen SECONDS`: listens for boards and prints what came of it, as `coxa.doctor.radio` reads.

Apart from the rest, since it may be ended by the system at any point.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import warnings
from typing import Any

from bleak.exc import BleakBluetoothNotAvailableError

from coxa.errors import CoxaError
from coxa.link.discovery import Bluetooth, scan


def heard(seconds: float) -> dict[str, Any]:
    """The boards in range, or the error: the fields of `coxa.doctor.radio.Heard`."""
    try:
        found = asyncio.run(scan(Bluetooth(), seconds))
    except CoxaError as error:
        cause = error.__cause__
        reason = cause.reason.name if isinstance(cause, BleakBluetoothNotAvailableError) else ""
        return {"what": error.what, "advice": error.advice, "reason": reason}
    boards = [
        {
            "name": one.name,
            "uid16": one.uid16,
            "rssi_dbm": one.rssi,
            "pending": one.pending,
            "unreadable": one.uid16 is None and one.malformed > 0,
        }
        for one in found
    ]
    return {"boards": boards}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(json.dumps(heard(float(sys.argv[1]))))
