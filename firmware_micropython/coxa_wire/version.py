"""The version of the format and the one rule every version keeps."""

from .errors import VERSION, WireError

VERSION_MAJOR = 1
VERSION_MINOR = 0


def check_major(major: int, thing: str) -> None:
    """Refuses another major version.

    Args:
        major: as found in the data.
        thing: what carries it, for the message ("block", "board").

    Raises:
        WireError: reason `version`; the advice says which side to update.
    """
    if major == VERSION_MAJOR:
        return
    if major > VERSION_MAJOR:
        advice = "Update the host software (pip install -U coxa)."
    else:
        advice = "Update the software on the board."
    what = f"the {thing} speaks wire format version {major}, this software reads version {VERSION_MAJOR}"
    raise WireError(VERSION, what, advice)
