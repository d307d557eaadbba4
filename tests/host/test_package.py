"""What is shipped, how quickly it starts, and that all of it is documented."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    ROOT / "host/coxa",
    ROOT / "calibration/coxa_calibration",
    ROOT / "firmware_micropython/coxa_wire",
    ROOT / "firmware_micropython/coxa_board",
]
MODULES = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling, which is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    run = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_has_all_parts_and_no_folder_of_the_checkout(wheel):
    files = set(wheel.namelist())
    assert {"coxa/__init__.py", "coxa/py.typed", "coxa_wire/__init__.py", "coxa/protocols/base.toml"} <= files
    assert {f"coxa/protocols/{p.name}" for p in (ROOT / "host/coxa/protocols").glob("*.toml")} <= files
    tops = {name.split("/")[0] for name in files}
    assert {top for top in tops if not top.endswith(".dist-info")} <= {
        "coxa",
        "coxa_wire",
        "coxa_board",
        "coxa_calibration",
    }
    assert "coxa_board" in tops
    assert not [
        name for name in files if name.startswith(("host/", "tests/", "firmware_micropython/")) or "__pycache__" in name
    ]


def test_the_wheel_has_every_file_of_the_packages(wheel):
    files = set(wheel.namelist())
    for package in PACKAGES:
        ours = {
            f"{package.name}/{path.relative_to(package).as_posix()}"
            for path in package.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
        }
        assert ours <= files


def test_the_wheel_names_its_licence_command_and_python(wheel):
    text = {name.split("/")[-1]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info" in name}
    assert "coxa = coxa.cli:main" in text["entry_points.txt"]
    assert "Requires-Python: >=3.11" in text["METADATA"]
    assert "MIT" in text["LICENSE"]


def loaded(statement):
    """Names of the modules that a fresh interpreter has loaded after the statement."""
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60, cwd=ROOT)
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement", ["import coxa", "import coxa; coxa.__version__", "import coxa.errors", "import coxa_wire"]
)
def test_importing_coxa_loads_nothing_heavy(statement):
    assert not {"numpy", "scipy", "matplotlib", "vqf", "ahrs"} & loaded(statement)


def test_analysing_loads_no_plotting():
    assert not {"matplotlib", "ahrs"} & loaded("from coxa import analyze, Samples")


def test_the_public_names_are_there_and_others_are_not():
    import coxa

    for name in coxa.__all__:
        assert getattr(coxa, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sofa'"):
        coxa.sofa  # noqa: B018


def undocumented(path):
    """Public functions, classes and methods, and the module itself, without a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    if tree.body and not ast.get_docstring(tree):
        yield "the module"

    def inside(node, prefix):
        for child in getattr(node, "body", []):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not child.name.startswith(
                "_"
            ):
                setter = any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in child.decorator_list)
                if not ast.get_docstring(child) and not setter:
                    yield prefix + child.name
                if isinstance(child, ast.ClassDef):
                    yield from inside(child, f"{prefix}{child.name}.")

    yield from inside(tree, "")


# What stands in for MicroPython's own modules on the virtual board is documented there.
OURS = [path for path in MODULES if "virtual/device" not in path.as_posix()]


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_everything_public_has_a_docstring(path):
    assert list(undocumented(path)) == []


def test_a_missing_docstring_would_be_seen(tmp_path):
    path = tmp_path / "m.py"
    path.write_text(
        '"""Doc."""\nclass A:\n    """Doc."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\n', "utf-8"
    )
    assert list(undocumented(path)) == ["A.f", "h"]


def test_there_are_modules_to_look_at():
    assert len([p for p in MODULES if "coxa" in p.parts]) > 30
