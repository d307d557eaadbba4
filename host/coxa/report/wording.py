"""The sentences of a report: plain, about this recording, never a diagnosis."""

from __future__ import annotations

from math import isfinite

from coxa.results import Analysis, Label, Position, Rep, UsedCalibration

COVERAGE_95 = 1.96
"""Standard deviations on each side that hold 95 % of a normal distribution."""

OBSERVABLE_FROM = 0.7
"""Observability above which gravity alone holds the angle: the femur is within 45° of horizontal."""

BLIND_BELOW = 0.3
"""Observability below which gravity is no help: the femur is within 17° of vertical."""

POSITION_NAMES: dict[Position, str] = {
    "wall": "legs up the wall",
    "seated": "seated",
    "prone": "lying prone",
    "supine": "lying supine",
    "side": "lying on the side",
    "standing": "standing",
}

LABEL_NAMES: dict[Label, str] = {
    "thigh": "as read at the thigh",
    "shank-calibrated": "calibrated to your shank",
    "gravity-test": "shank as pointer",
}

LABEL_NOTES: dict[Label, str] = {
    "thigh": (
        "These degrees are the turn of the strap on your thigh. Skin is not bone: a thigh strap reads about half, "
        "40–60 %, of the femur’s true turn (Wren 2008; Schache 2008). So follow your own trend, with the strap in the "
        "same place each time, and do not set these numbers beside a textbook norm. A personal gain, measured once "
        "with the sensor on your shank, turns them into degrees of the bone."
    ),
    "shank-calibrated": (
        "These degrees are those of the thigh bone: the turn of the strap, scaled by your personal gain, which was "
        "measured with the sensor on your shank because skin follows the bone only in part (Wren 2008). The ± holds "
        "what is uncertain of the gain. It holds while the strap sits at its mark; calibrate again when it moves."
    ),
    "gravity-test": (
        "These degrees were read with the knee bent to 90° and the shank as the pointer, the way a clinician’s "
        "goniometer reads them. The play of the knee is still in the number. Compare it with your own earlier tests in "
        "the same position."
    ),
}

_STATED = "each ± holds 95 % of what this measurement could be"

UNCERTAINTY_NOTES: dict[Label, str] = {
    "thigh": f"{_STATED}; the soft tissue is not in it",
    "shank-calibrated": f"{_STATED}, the personal gain included",
    "gravity-test": f"{_STATED}; the play of the knee is not in it",
}

FLAG_NAMES = {
    "half_rep": "one direction only",
    "no_ir_hold": "no hold in",
    "no_er_hold": "no hold out",
    "short_ir_hold": "short hold in",
    "short_er_hold": "short hold out",
    "too_fast": "quick",
    "data_gap": "part of it was not received",
    "thigh_moved": "the thigh moved along",
    "out_of_order": "other direction first",
}

AXIS_NAMES = {
    "gravity": "from gravity",
    "turn": "from the turns themselves",
    "gravity+turn": "from gravity and the turns together",
    "calibration": "from your body calibration",
}

SIGN_NAMES = {
    "gravity": "told apart by gravity",
    "order": "told apart by the order of the exercise",
    "calibration": "told apart by your body calibration",
}

WELLNESS_NOTE = (
    "Coxa shows your own movement and how it develops. It is made for training and wellbeing; it does not diagnose, "
    "and it does not replace the advice of a professional."
)


def degrees(value: float | None) -> str:
    """An angle with one decimal and its sign for the eye, `–` where there is none."""
    return "–" if value is None or not isfinite(value) else f"{value:.1f}°".replace("-", "−")


def plus_minus(sd: float | None) -> str:
    """The 95 % half width of an angle with standard deviation `sd`, degrees; empty where there is none."""
    return "" if sd is None or not isfinite(sd) else f"±{COVERAGE_95 * sd:.1f}°"


def holds(rep: Rep) -> str:
    """Hold times inward and outward, s; `–` where there was none."""
    return " / ".join(f"{held:.1f}" if held > 0 else "–" for held in (rep.ir_hold_s, rep.er_hold_s))


def flag_words(rep: Rep) -> str:
    """What was noticed about one repetition, for the table; an unknown flag is read out."""
    words = [FLAG_NAMES.get(flag, flag.replace("_", " ")) for flag in rep.flags]
    for kind in ("no hold", "short hold"):
        pair = [f"{kind} out", f"{kind} in"]
        if set(pair) <= set(words):
            words = [f"{kind}s", *(word for word in words if word not in pair)]
    return ", ".join(words)


def subscore_name(name: str) -> str:
    """The name of a sub-score as a reader sees it."""
    return name.replace("_", " ").capitalize()


def scores(analysis: Analysis) -> list[tuple[str, float]]:
    """The score of the set, then its sub-scores, by name; empty where nothing was counted."""
    named = [("Score", analysis.set.score)]
    named += [(subscore_name(name), value) for name, value in analysis.set.subscores.items()]
    return [(name, value) for name, value in named if value is not None and isfinite(value)]


def setting(analysis: Analysis) -> str:
    """Side, position and label in one line."""
    return f"{analysis.side.capitalize()} hip · {POSITION_NAMES[analysis.position]} · {LABEL_NAMES[analysis.label]}"


def observability_note(analysis: Analysis) -> str:
    """Whether gravity could see this rotation, and what held the zero."""
    s = f"{analysis.observability:.2f} on a scale of 0 to 1"
    if analysis.observability >= OBSERVABLE_FROM:
        return f"Gravity could see this rotation ({s}), so the angle does not drift during the set."
    if analysis.observability <= BLIND_BELOW:
        return (
            f"Gravity could not see this rotation ({s}): the thigh pointed along it. The zero is held by your still "
            "holds and your returns to neutral; each one keeps the ± small."
        )
    return (
        f"Gravity saw this rotation in part ({s}). Your still holds and your returns to neutral do the rest of "
        "holding the zero."
    )


def neutral_note(analysis: Analysis) -> str:
    """What zero is, and how far the set ended from where it began."""
    zero = {
        "start": "zero is the still pose at the start",
        "returns": "zero is the mean of your returns",
    }[analysis.neutral]
    drift = analysis.neutral_start_deg_drift
    return zero if drift is None else f"{zero}; the last return lay {degrees(abs(drift))} from the start pose"


def counted(analysis: Analysis) -> str:
    """How many repetitions count, as a sentence for the header."""
    found, valid = analysis.set.reps_found, analysis.set.reps_valid
    if found == 0:
        return "No repetitions found"
    if valid == found:
        return f"All {found} repetitions counted" if found > 1 else "One repetition, counted"
    return f"{valid} of {found} repetitions counted"


def at_a_glance(analysis: Analysis) -> list[str]:
    """Short facts about the set, as far as there are any."""
    s = analysis.set
    facts = [counted(analysis)]
    facts += [f"score {x:.0f} of 100" for x in _known(s.score)]
    facts += [f"best arc {degrees(x)}" for x in _known(s.arc_best_deg)]
    facts += [f"arc varied by {x:.0f} %" for x in _known(s.arc_cv_percent)]
    slopes = [x for x in _known(s.fatigue_deg_per_rep) if abs(x) >= 0.05]  # what one decimal can show
    facts += [f"arc {x:+.1f}° per repetition".replace("-", "−") for x in slopes]
    return facts


def _known(value: float | None) -> list[float]:
    return [value] if value is not None and isfinite(value) else []


def nothing_counted(analysis: Analysis) -> str | None:
    """Why there is no headline number, and what to do; None where there is one, or where the advice says it."""
    if analysis.set.reps_valid or (not analysis.reps and analysis.set.advice):
        return None
    if not analysis.reps:
        return (
            "No repetition was found in this recording. Rest two seconds, turn the leg out and hold, turn it in and "
            "hold, come back to neutral, and repeat; then record again."
        )
    return (
        "Repetitions were found, but none with a full turn both ways and a hold, so there is no mean. The table says "
        "what was noticed in each."
    )


def how_made(analysis: Analysis) -> list[tuple[str, str]]:
    """Name and value of what the numbers rest on."""
    from coxa import __version__

    gaps = (
        "none" if not analysis.gaps else f"{analysis.gaps}, {sum(b - a for a, b in analysis.gap_spans_s):.1f} s in all"
    )
    return [
        ("Recording", f"{analysis.duration_s:.0f} s at {analysis.sampling_rate_hz:.1f} Hz"),
        ("Gaps", gaps),
        ("Neutral", neutral_note(analysis)),
        (
            "Thigh axis",
            f"{AXIS_NAMES.get(analysis.axis_source, analysis.axis_source)}, ±{COVERAGE_95 * analysis.axis_sd_deg:.1f}°",
        ),
        ("In and out", SIGN_NAMES.get(analysis.sign_source, analysis.sign_source)),
        ("Calibrations", "; ".join(calibration(one) for one in analysis.calibrations) or "none"),
        *at_thigh(analysis),
        ("Uncertainty", UNCERTAINTY_NOTES[analysis.label]),
        ("Made with", f"Coxa {__version__}"),
    ]


def calibration(used: UsedCalibration) -> str:
    """Which calibration a result rests on: kind, number, age and what it gives."""
    number = "" if used.id is None else f" {used.id}"
    return f"{used.kind}{number}, {age(used.age_days)}: {used.says}"


def age(days: float) -> str:
    """How long before the set a calibration was made, in words."""
    when = "before" if days >= 0 else "after"
    size = abs(days)
    if size < 1 / 24:
        return f"{size * 1440:.0f} min {when} the set"
    if size < 2:
        return f"{size * 24:.0f} h {when} the set"
    return f"{size:.0f} days {when} the set"


def at_thigh(analysis: Analysis) -> list[tuple[str, str]]:
    """What the strap itself read, where the numbers are the bone's."""
    t = analysis.thigh
    if t is None or t.arc_mean_deg is None:
        return []
    read = f"{degrees(t.ir_mean_deg)} inward, {degrees(t.er_mean_deg)} outward, {degrees(t.arc_mean_deg)} arc"
    return [("At the strap", f"{read} {plus_minus(t.arc_mean_sd_deg)}".strip())]
