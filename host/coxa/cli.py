"""The command line: `coxa COMMAND`. Only what `coxa --help` needs is imported here; each command imports its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError, Group

from coxa import __version__
from coxa.commands.catalogue import COMMANDS, EPILOGUE, GROUPS, SUMMARY, WITH_SUBCOMMANDS
from coxa.errors import CoxaError

DEBUG_ENV = "COXA_DEBUG"

USAGE, INPUT, UNEXPECTED, INTERRUPTED, PIPE = 2, 3, 70, 130, 141
"""Exit codes: 2 and 3 as in `coxa.errors`; 70 is EX_SOFTWARE of sysexits.h; 128 + SIGINT; 128 + SIGPIPE."""


def build_app() -> App:
    """The command line, with each command imported when it is first used."""
    app = App(
        name="coxa",
        help=SUMMARY,
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        version=__version__,
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    groups = {name: Group(name, sort_key=place) for place, name in enumerate(GROUPS)}
    for place, command in enumerate(COMMANDS):
        app.command(
            f"coxa.commands.{command.name}:{'app' if command.name in WITH_SUBCOMMANDS else command.name}",
            name=command.name,
            help=command.summary,
            group=groups[command.group],
            sort_key=place,
            **({} if command.name in WITH_SUBCOMMANDS else {"help_epilogue": command.examples}),
        )
    app["--help"].group = app["--version"].group = groups["Set up"]
    app.register_install_completion_command(  # pyright: ignore[reportUnknownMemberType]
        group=groups["Set up"],
        help="Complete commands and options in bash, zsh or fish.",
        help_flags=[],
        version_flags=[],
    )
    return app


def main() -> int:
    """Run the command line of this process and give its exit code."""
    _quiet()
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; errors become one line on stderr."""
    tokens = with_json_target(arguments)
    try:
        code = _command(tokens)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # stdout goes nowhere: give Python's own flush at exit a place to write to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE
    except KeyboardInterrupt:
        _say("stopped; nothing was left half done.")
        return INTERRUPTED
    except Exception as error:
        if _debugging():
            raise
        return _explain(error, tokens)


def with_json_target(arguments: Sequence[str]) -> list[str]:
    """`--json` alone means stdout; the argument after it is its file only when it is `-` or ends in `.json`.

    So `--json walk.csv` never writes over a recording; any name can be given as `--json=NAME`.
    """
    out: list[str] = []
    rest = iter(arguments)
    for token in rest:
        if token == "--":
            return [*out, token, *rest]
        if out and out[-1] == "--json":
            is_target = token == "-" or (token.lower().endswith(".json") and not token.startswith("-"))
            out[-1] = f"--json={token}" if is_target else "--json=-"
            if is_target:
                continue
        out.append(token)
    return [*out[:-1], "--json=-"] if out and out[-1] == "--json" else out


def _command(tokens: list[str]) -> int:
    app = build_app()
    if not tokens:
        app.help_print([])
        return 0
    result = app(tokens)
    return result if isinstance(result, int) else 0


def _explain(error: Exception, tokens: list[str]) -> int:
    if isinstance(error, CycloptsError):
        _say(_usage(error, tokens))
        return USAGE
    if isinstance(error, CoxaError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, ModuleNotFoundError):
        _say(f"the package {error.name} is not installed. `python -m coxa.doctor` says what to install.")
        return INPUT
    if isinstance(error, MemoryError):
        _say("there is not enough memory for this recording. Split it into single sets.")
        return INPUT
    if isinstance(error, OSError):
        _say(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}.")
        return INPUT
    _say(f"unexpected {type(error).__name__}: {_line(error)}. Run with {DEBUG_ENV}=1 for the traceback.")
    return UNEXPECTED


def _usage(error: CycloptsError, tokens: list[str]) -> str:
    names = [command.name for command in COMMANDS]
    if tokens[0] in names:
        error.verbose = False
        return f"{_line(error)} See `coxa {tokens[0]} --help`."
    import difflib

    near = difflib.get_close_matches(tokens[0], names, n=1)
    advice = f"Did you mean `coxa {near[0]}`?" if near else f"There are {', '.join(names)}."
    return f"there is no command {tokens[0]!r}. {advice}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _say(text: str) -> None:
    print(f"coxa: {' '.join(text.split())}", file=sys.stderr)


def _debugging() -> bool:
    return bool(os.environ.get(DEBUG_ENV))


def _quiet() -> None:
    """Leave the warnings of libraries out, and never fail on a terminal that lacks a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not _debugging() and not sys.warnoptions:
        import logging
        import warnings

        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
