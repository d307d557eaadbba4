"""Recordings of any maker: `read` recognises a file by its content and returns checked samples in SI units."""

from coxa.sources.files import format_names, read
from coxa.sources.formats.neutral import write_csv
from coxa.sources.recording import Recording

__all__ = ["Recording", "format_names", "read", "write_csv"]
