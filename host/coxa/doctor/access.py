"""What this user may do with a file."""

from __future__ import annotations

import os
from pathlib import Path


def may_use(path: str | Path) -> bool:
    """Whether it may be read and written, by the rights that this process acts with."""
    return os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)
