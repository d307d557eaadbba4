"""Tables in text: find the header line and the separator, and parse columns of numbers fast, refusing by line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coxa.checks import counted
from coxa.errors import InputError
from coxa.samples import Floats
from coxa.sources.text import Part

HEADER_LINES = 60
"""The header line is looked for among that many first lines; makers write up to 15 lines before it."""

MAX_INCOMPLETE_SHARE = 0.5
"""When more than half of the rows lack a value, it is the wrong column or sensor rather than some lost samples."""

_CUT_NUMBER = re.compile(r"[-+]?[\d.]*(?:[eE][-+]?)?")  # a number that ends too early: "-", "1.2e"


@dataclass(frozen=True, slots=True)
class Table:
    """Header and rows of a delimited text.

    Attributes:
        where: name of the file, for messages.
        preamble: lines before the header.
        header: column names, without quotes and outer blanks.
        rows: lines after the header, without trailing blank ones; decimal commas are points already.
        first_line: number of the first row's line in the file, from 1.
    """

    where: str
    preamble: tuple[str, ...]
    header: tuple[str, ...]
    rows: list[str]
    first_line: int
    delimiter: str

    def column(self, name: str) -> int:
        """Index of the column; refused if it is missing."""
        if name not in self.header:
            raise InputError(f"{self.where}: there is no column '{name}'", "Export it with all columns.")
        return self.header.index(name)

    def has(self, names: Sequence[str]) -> bool:
        """Whether all these columns exist."""
        return all(name in self.header for name in names)


def find_table(part: Part, is_header: Callable[[tuple[str, ...]], bool], delimiters: str = ",;\t") -> Table | None:
    """The table whose header line satisfies is_header, or None."""
    head = part.text[:65536].split("\n")[:HEADER_LINES]
    for number, line in enumerate(head):
        for delimiter in delimiters:
            names = tuple(field.strip().strip('"').strip() for field in line.split(delimiter))
            while names and not names[-1]:
                names = names[:-1]
            if len(names) > 1 and is_header(names):
                return _table(part, number, names, delimiter)
    return None


def _table(part: Part, number: int, names: tuple[str, ...], delimiter: str) -> Table:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise InputError(f"{part.name}: the column '{twice[0]}' occurs twice", "Keep one of them.")
    rows = part.text.split("\n")
    preamble, rows = tuple(rows[:number]), rows[number + 1 :]
    while rows and not rows[-1].strip():
        rows.pop()
    if rows and '"' in rows[0]:
        rows = [row.replace('"', "") for row in rows]
    if delimiter != "," and rows and "," in rows[0] and "." not in rows[0]:
        rows = [row.replace(",", ".") for row in rows]
    return Table(part.name, preamble, names, rows, number + 2, delimiter)


def numbers(table: Table, columns: Sequence[int], *, skip_incomplete: bool = False) -> tuple[Floats, tuple[str, ...]]:
    """The columns as (n, len(columns)) floats, and notes on rows that were left out.

    A last line that was cut off is left out and noted. With skip_incomplete also rows that lack a value.

    Raises:
        InputError: no rows, a row with missing or surplus values, or text that is no number, with its line.
    """
    if not table.rows:
        raise InputError(f"{table.where}: a header but no samples below it", "Record or export the set again.")
    separators = {row.count(table.delimiter) for row in table.rows}
    if separators <= {len(table.header) - 1}:
        try:
            return np.loadtxt(table.rows, delimiter=table.delimiter, usecols=columns, ndmin=2, comments=None), ()
        except ValueError:
            pass  # the careful way finds the line
    return _careful(table, columns, skip_incomplete)


def _careful(table: Table, columns: Sequence[int], skip_incomplete: bool) -> tuple[Floats, tuple[str, ...]]:
    values: list[list[float]] = []
    skipped = 0
    notes: tuple[str, ...] = ()
    last = len(table.rows) - 1
    for index, row in enumerate(table.rows):
        fields = row.split(table.delimiter)
        try:
            values.append(_parsed(table, index, fields, columns))
        except _IncompleteError as problem:
            if skip_incomplete and index < last:
                skipped += 1
            elif index == last and index > 0:
                notes += (f"{table.where}: the last line is cut off and was left out (1 row)",)
            else:
                raise problem.error from None
    if skipped > MAX_INCOMPLETE_SHARE * len(table.rows) or not values:
        names = ", ".join(table.header[c] for c in columns)
        raise InputError(
            f"{table.where}: {skipped} of {len(table.rows)} rows have no value in {names}",
            "Choose another sensor, or export these columns.",
        )
    if skipped:
        notes += (f"{table.where}: {counted(skipped, 'row')} without values left out",)
    return np.array(values), notes


class _IncompleteError(Exception):
    """A row lacks a value; `error` is what to raise if that is not tolerated."""

    def __init__(self, error: InputError) -> None:
        super().__init__(error)
        self.error = error


def _parsed(table: Table, index: int, fields: list[str], columns: Sequence[int]) -> list[float]:
    line = f"{table.where}: line {table.first_line + index}"
    surplus = [field for field in fields[len(table.header) :] if field.strip()]
    if surplus:
        raise InputError(
            f"{line} has {len(fields)} values, but the header names {len(table.header)} columns",
            "Correct that line; if it is in every line, export with decimal points instead of commas.",
        )
    out: list[float] = []
    for column in columns:
        name = table.header[column]
        field = fields[column].strip() if column < len(fields) else ""
        if not field:
            error = InputError(
                f"{line} has no value in column '{name}'; the file is incomplete or truncated",
                "Copy or export it again, or delete that line.",
            )
            raise _IncompleteError(error)
        try:
            out.append(float(field))
        except ValueError:
            error = InputError(
                f"{line}, column '{name}': '{field[:40]}' is not a number", "Correct or delete that line."
            )
            if index == len(table.rows) - 1 and column == len(fields) - 1 and _CUT_NUMBER.fullmatch(field):
                raise _IncompleteError(error) from None
            raise error from None
    return out


def one_table(
    parts: tuple[Part, ...], sensor: str | None, is_header: Callable[[tuple[str, ...]], bool], delimiters: str
) -> Table:
    """The table of the wanted sensor, where makers write one file per sensor; sensors are called as their files.

    Raises:
        InputError: sensor is needed and not given, or not there; the names are listed.
    """
    tables = {part.stem: find_table(part, is_header, delimiters) for part in parts}
    found = {name: table for name, table in tables.items() if table is not None}
    return found[chosen(tuple(found), sensor, parts[0].name)]


def chosen(names: Sequence[str], sensor: str | None, where: str) -> str:
    """The wanted name (by any case), or the only one.

    Raises:
        InputError: there are several and none was given, or the given one is not there; the names are listed.
    """
    if sensor is None:
        if len(names) == 1:
            return names[0]
        what = f"it has {len(names)} sensors and none was chosen"
    else:
        match = [name for name in names if name.lower() == sensor.lower()]
        if match:
            return match[0]
        what = f"there is no sensor '{sensor}'"
    shown = ", ".join(names[:20])
    raise InputError(f"{where}: {what}", f"Choose the one on the thigh with --sensor: {shown}.")


def grouped(
    table: Table, time: str, groups: Sequence[tuple[str, ...]]
) -> tuple[Floats, dict[tuple[str, ...], Floats], tuple[str, ...]]:
    """The time column (n,), the columns (n, k) of each group that the table has whole, and notes."""
    there = [names for names in groups if table.has(names)]
    wanted = [time, *(name for names in there for name in names)]
    values, notes = numbers(table, [table.column(name) for name in wanted], skip_incomplete=True)
    ends = np.cumsum([len(names) for names in there])
    pieces = np.split(values[:, 1:], ends[:-1], axis=1) if there else []
    return values[:, 0], dict(zip(there, pieces, strict=True)), notes


def texts(table: Table, column: int) -> list[str]:
    """One column as text, blank where a row is too short."""
    split = (row.split(table.delimiter) for row in table.rows)
    return [fields[column].strip() if column < len(fields) else "" for fields in split]
