"""What is wrong with this computer, the installation or the store, and what mends it: `coxa doctor`.

Each module gathers the facts of one thing and judges them apart from that. Judging is plain functions of the facts and
the operating system, so that what is said on macOS and Windows can be tried anywhere; on those two nothing of this was
ever run.
"""

from coxa.doctor.findings import Finding, Level
from coxa.doctor.place import Place

__all__ = ["Finding", "Level", "Place"]
