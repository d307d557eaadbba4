"""Why bytes are refused."""

LENGTH = "length"
CRC = "crc"
VERSION = "version"
PROFILE = "profile"
COUNT = "count"
RESERVED = "reserved"
FIELD = "field"


class WireError(ValueError):
    """Bytes that are not valid in this format, or values that do not fit it. `str()` is one line for a person.

    Attributes:
        reason: one of the short names above, for counting.
        what: what is wrong.
        advice: one sentence on what to do; empty where the sender just has to send again.
    """

    def __init__(self, reason: str, what: str, advice: str = "") -> None:
        """Takes the attributes."""
        super().__init__(f"{what}. {advice}" if advice else what)
        self.reason = reason
        self.what = what
        self.advice = advice
