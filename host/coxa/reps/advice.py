"""One plain sentence: the most useful correction of a set, naming the repetitions it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coxa.protocols import Protocol
from coxa.results import Rep

GOOD_ENOUGH = 90.0
"""A part of the score above this needs no correction."""


def advice(reps: Sequence[Rep], subscores: dict[str, float], protocol: Protocol) -> str:
    """The sentence for a set: about the part that costs the score most, or that all was well."""
    if not reps:
        return (
            "No repetition was found: turn the thigh out and in as far as is comfortable, "
            "and hold each end for a second or two."
        )
    loss = {
        name: protocol.subscores[name].weight * (100 - value)
        for name, value in subscores.items()
        if value < GOOD_ENOUGH
    }
    if not loss:
        return "Well done: full holds, an even pace and a steady thigh. Keep this up, three or four times a week."
    return _SENTENCES[max(loss, key=lambda name: loss[name])](reps, protocol)


def _named(reps: Sequence[Rep], those: Callable[[Rep], bool]) -> str:
    """'repetition 3', 'repetitions 3, 5 and 8', 'most repetitions', 'all repetitions'."""
    numbers = [rep.index for rep in reps if those(rep)]
    if len(numbers) == len(reps) > 1:
        return "all repetitions"
    if len(numbers) > 5 and len(numbers) > len(reps) / 2:
        return "most repetitions"
    shown = [str(n) for n in numbers[:6]]
    if len(shown) <= 1:
        return f"repetition {shown[0]}" if shown else "some repetitions"
    return f"repetitions {', '.join(shown[:-1])} and {shown[-1]}"


def _holds(reps: Sequence[Rep], protocol: Protocol) -> str:
    er = sum(rep.er_hold_s < protocol.hold_min_s for rep in reps)
    ir = sum(rep.ir_hold_s < protocol.hold_min_s for rep in reps)
    which = "the outward end" if er > 2 * ir else "the inward end" if ir > 2 * er else "both ends"
    limit = protocol.hold_min_s if er or ir else protocol.hold_goal_s
    named = _named(reps, lambda rep: min(rep.er_hold_s, rep.ir_hold_s) < limit)
    return f"Hold {which} longer in {named}: count slowly to two, {protocol.hold_goal_s:g} seconds is the goal."


def _pace(reps: Sequence[Rep], protocol: Protocol) -> str:
    named = _named(reps, lambda rep: rep.peak_rate_deg_s > protocol.subscores["pace"].full)
    return f"Turn more slowly in {named}: about two seconds for each way keeps the muscles in charge."


def _smoothness(reps: Sequence[Rep], protocol: Protocol) -> str:
    limit = protocol.subscores["smoothness"].full
    named = _named(reps, lambda rep: min(rep.sparc_out or 0.0, rep.sparc_in or 0.0) < limit)
    return f"Let the turn flow in one movement in {named}: start gently, no stops on the way."


def _steadiness(reps: Sequence[Rep], protocol: Protocol) -> str:
    named = _named(reps, lambda rep: rep.swing_deg > protocol.subscores["steadiness"].full)
    return f"Keep the thigh and the knee in place in {named}: a hand on the thigh helps to turn from the hip alone."


def _return(reps: Sequence[Rep], protocol: Protocol) -> str:
    named = _named(reps, lambda rep: abs(rep.return_error_deg) > protocol.subscores["return"].full)
    return f"Come back to the same middle after {named}: toes and shins pointing straight before the next turn."


def _consistency(reps: Sequence[Rep], protocol: Protocol) -> str:
    del protocol
    middle = sorted(rep.arc_deg for rep in reps)[len(reps) // 2]
    named = _named(reps, lambda rep: rep.arc_deg < 0.85 * middle)
    return f"Make the turns alike: {named} stayed well short of the others. A little less range, every time, is better."


def _completeness(reps: Sequence[Rep], protocol: Protocol) -> str:
    half = [rep for rep in reps if "half_rep" in rep.flags]
    if half:
        return f"Go both ways each time: {_named(reps, lambda rep: 'half_rep' in rep.flags)} went only one way."
    whole = sum(rep.valid for rep in reps)
    counted = "1 whole repetition was" if whole == 1 else f"{whole} whole repetitions were"
    return f"{counted} counted; {protocol.reps_min} are the goal, and fewer are fine on a stiff day."


_SENTENCES: dict[str, Callable[[Sequence[Rep], Protocol], str]] = {
    "holds": _holds,
    "pace": _pace,
    "smoothness": _smoothness,
    "steadiness": _steadiness,
    "return": _return,
    "consistency": _consistency,
    "completeness": _completeness,
}
