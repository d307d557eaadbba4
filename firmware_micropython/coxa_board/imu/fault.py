"""What goes wrong with a motion sensor that is not a passing error of the bus."""


class ImuFault(Exception):  # noqa: N818 - its name in the interface
    """No known sensor, or one that does not do what it is told. One line: what was seen, what to do."""
