"""`coxa people`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import App, Parameter

from coxa import console
from coxa.commands.catalogue import COMMANDS
from coxa.commands.common import DEFAULTS, Common
from coxa.store import Person

HIP_SURGERY_NOTE = (
    "With a replaced or operated hip, ask your surgeon or physiotherapist before turning the leg in with the legs up "
    "the wall: bending the hip this far and turning it in together is what people are often asked to avoid after a hip "
    "replacement."
)
"""People are conventionally told to avoid flexion over 90° and rotation past the midline after a hip replacement, on
evidence of low certainty (Smith et al. 2016, doi 10.1002/14651858.CD010815.pub2): theirs to settle, not Coxa's."""

app = App(name="people", help_epilogue=next(command.examples for command in COMMANDS if command.name == "people"))


@app.default
def people(*, common: Common = DEFAULTS) -> None:
    """List the people in the store."""
    with common.open_store(write=False) as store:
        found = store.people()
    if common.json:
        console.emit({"format": "coxa.people/1", "people": [asdict(person) for person in found]}, common.json)
        return
    for person in found:
        sessions = f"{person.sessions} session{'' if person.sessions == 1 else 's'}"
        print(f"{person.name}: {sessions}{_surgery(person)}")


@app.command
def add(
    name: str,
    /,
    *,
    hip_surgery: Annotated[Literal["yes", "no"] | None, Parameter(help="A replaced or operated hip.")] = None,
    common: Common = DEFAULTS,
) -> None:
    """Add a person, or note hip surgery of one who is there.

    Parameters
    ----------
    name
        As it is shown; upper and lower case are the same person.
    """
    with common.open_store(write=True) as store:
        person = store.add_person(name, hip_surgery)
    if common.json:
        console.emit({"format": "coxa.people/1", "people": [asdict(person)]}, common.json)
        return
    print(f"{person.name} is in the store {common.store_path}{_surgery(person)}.")
    if person.hip_surgery == "yes":
        print(HIP_SURGERY_NOTE)


def _surgery(person: Person) -> str:
    return {"yes": ", hip surgery noted", "no": ", no hip surgery", "unknown": ""}[person.hip_surgery]
