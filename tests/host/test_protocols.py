"""Exercises as data: those that come along, and files of users with mistakes in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from variety import analysed, perfect, steady

from coxa.errors import ConfigError
from coxa.protocols import Protocol, for_position, load, names
from coxa.results import POSITIONS
from coxa.simulate import simulate


@pytest.mark.parametrize("name", names())
def test_every_protocol_that_comes_along_loads_and_makes_sense(name):
    protocol = load(name)
    assert isinstance(protocol, Protocol)
    assert protocol.name == name
    assert protocol.position in POSITIONS
    assert protocol.title and protocol.cue_er and protocol.cue_ir
    assert 0 < protocol.hold_min_s <= protocol.hold_goal_s
    assert 0 < protocol.reps_min <= protocol.reps_max
    assert protocol.arc_min_deg > 0 < protocol.peak_rate_max_deg_s
    assert set(protocol.subscores) == {
        "holds",
        "pace",
        "smoothness",
        "steadiness",
        "return",
        "consistency",
        "completeness",
    }
    assert sum(part.weight for part in protocol.subscores.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("position", POSITIONS)
def test_every_position_has_one(position):
    assert for_position(position).position == position


def test_with_the_knee_bent_foot_out_is_inward_rotation():
    """With the knee straight 'foot out' is ER; with the knee at 90° it is IR."""
    for name in names():
        protocol = load(name)
        if protocol.knee == "bent":
            assert "out" in protocol.cue_ir
            assert "in" in protocol.cue_er
        elif protocol.knee == "straight":
            assert "out" in protocol.cue_er
            assert "in" in protocol.cue_ir


def own(folder, text, name="mine.toml"):
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_a_file_of_a_user_names_only_what_differs(tmp_path):
    mine = load(
        own(tmp_path, 'position = "seated"\ntitle = "Mine"\nhold_min_s = 0.4\n[subscores.holds]\nweight = 0.5\n')
    )
    seated = load("seated")
    assert mine.name == "mine"
    assert (mine.title, mine.hold_min_s) == ("Mine", 0.4)
    assert (mine.knee, mine.reps_min, mine.cue_er) == (seated.knee, seated.reps_min, seated.cue_er)
    assert mine.subscores["holds"].weight == 0.5
    assert mine.subscores["holds"].full == seated.subscores["holds"].full
    assert mine.subscores["pace"] == seated.subscores["pace"]


def test_a_protocol_changes_what_counts(tmp_path):
    sim = simulate(steady(reps=4, hold_s=0.7), perfect(), seed=1)
    easy = load(own(tmp_path, 'position = "wall"\nhold_min_s = 0.4\n', "easy.toml"))
    inward = load(own(tmp_path, 'position = "wall"\norder = "ir-first"\n', "inward.toml"))
    assert all("short_ir_hold" in rep.flags for rep in analysed(sim).reps)
    assert not any("short_ir_hold" in rep.flags for rep in analysed(sim, protocol=easy).reps)
    assert all("out_of_order" in rep.flags for rep in analysed(sim, protocol=inward).reps)


WALL = 'position = "wall"\n'
BAD = {
    "not TOML": ("position = = wall", ()),
    "a table cut off": (WALL + "[subscores", ()),
    "an unknown key": (WALL + "holdmin_s = 1\n", ("holdmin_s",)),
    "an unknown key of a sub-score": (WALL + "[subscores.holds]\nweigth = 1\n", ("weigth",)),
    "an unknown sub-score": (WALL + "[subscores.speed]\nweight = 1.0\nfull = 1.0\nnone = 0.0\n", ("speed",)),
    "a half-given sub-score": (WALL + "[subscores.speed]\nweight = 1.0\n", ("full",)),
    "text for a number": (WALL + 'hold_min_s = "one"\n', ("hold_min_s",)),
    "a fraction for a count": (WALL + "reps_min = 2.5\n", ("reps_min",)),
    "truth for a number": (WALL + "reps_max = true\n", ("reps_max",)),
    "a number for text": (WALL + "title = 3\n", ("title",)),
    "a list for a number": (WALL + "arc_min_deg = [1, 2]\n", ("arc_min_deg",)),
    "an unknown position": ('position = "sofa"\n', ("position",)),
    "no position": ('title = "Mine"\n', ("position",)),
    "an unknown order": (WALL + 'order = "both"\n', ("order",)),
    "an unknown knee": (WALL + 'knee = "stiff"\n', ("knee",)),
    "another format": (WALL + 'format = "coxa.protocol/9"\n', ("coxa.protocol/9", "coxa.protocol/1")),
    "no repetitions": (WALL + "reps_min = 0\n", ("reps_min",)),
    "fewer than the least": (WALL + "reps_min = 9\nreps_max = 3\n", ("reps_min", "reps_max")),
    "a negative weight": (WALL + "[subscores.pace]\nweight = -1.0\n", ("weight", "pace")),
    "equal full and none": (WALL + "[subscores.pace]\nfull = 5.0\nnone = 5.0\n", ("full", "none", "pace")),
    "a sub-score that is a number": (WALL + "[subscores]\npace = 3.0\n", ("pace",)),
    "no weights at all": (
        WALL + "".join(f"[subscores.{n}]\nweight = 0\n" for n in for_position("wall").subscores),
        ("weight",),
    ),
    "not a number": (WALL + "hold_min_s = nan\n", ("hold_min_s",)),
    "endless": (WALL + "swing_max_deg = inf\n", ("swing_max_deg",)),
    "no hold to divide by": (WALL + "hold_min_s = 0.0\nhold_goal_s = 0.0\n", ("hold_",)),
    "a negative hold": (WALL + "hold_min_s = -1.0\n", ("hold_min_s",)),
    "a negative range": (WALL + "arc_min_deg = -5.0\n", ("arc_min_deg",)),
    "a weight that is not a number": (WALL + "[subscores.pace]\nweight = nan\n", ("weight",)),
}


NAMELESS = "the line does not say which sub-score is meant"
KNOWN_BUGS = {"a sub-score that is a number": NAMELESS}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=pytest.mark.xfail(strict=True, reason=KNOWN_BUGS[c])) if c in KNOWN_BUGS else c
        for c in BAD
    ],
)
def test_a_mistake_in_a_file_is_one_line_that_names_the_key(case, tmp_path):
    text, keys = BAD[case]
    with pytest.raises(ConfigError) as caught:
        load(own(tmp_path, text))
    line = str(caught.value)
    assert "\n" not in line
    assert "mine.toml" in line
    missing = [key for key in keys if key not in line]
    assert not missing, line
    assert caught.value.advice


@pytest.mark.parametrize("name", ["sofa", "", "wall.json", "base", "nothing.toml", "../wall"])
def test_what_does_not_exist_is_said_with_what_does(name):
    with pytest.raises(ConfigError) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    assert name.endswith(".toml") or "wall" in caught.value.advice


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00title")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / "mine.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / "folder.toml"))


keys = st.sampled_from([*Protocol.__struct_fields__, "subscores.pace", "more"])
values = st.one_of(
    st.integers(-5, 500).map(str),
    st.floats().map(str),
    st.booleans().map(lambda b: str(b).lower()),
    st.text("abc\u00e9 ", max_size=5).map(lambda s: f'"{s}"'),
    st.just("[]"),
    st.just("{}"),
    st.just("{weight = 1}"),
)


@given(st.dictionaries(keys, values, max_size=4))
def test_any_file_is_a_protocol_or_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / f"p{abs(hash(frozenset(content.items())))}.toml"
    path.write_text(WALL * ("position" not in content) + "".join(f"{k} = {v}\n" for k, v in content.items()), "utf-8")
    try:
        protocol = load(str(path))
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        assert protocol.position in POSITIONS
