"""The behavior that all management commands share: arguments, reports, errors and exit status.

A command prints a report for people or, with ``--format json``, a JSON object for programs. It
works in any terminal and in pipes. An error that the user can fix is one sentence, not a traceback.
"""

from __future__ import annotations

import codecs
import json
import os
import signal
import sys
import threading
from argparse import Action, ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import InterfaceError, OperationalError, ProgrammingError

from newsroom import iso_dates
from newsroom.interrupts import end_now, exit_status

USAGE: Final = 2
"""Exit status of a command that was called with wrong arguments."""
_PLAIN: Final = {
    "×": "x",  # noqa: RUF001 - as receipts say
    "≥": ">=",
    "≤": "<=",
    "…": "...",
    "\xa0": " ",
    **dict.fromkeys("‘’", "'"),  # noqa: RUF001
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("–—−", "-"),  # noqa: RUF001
}
_PLAINER: Final = "newsroom.plainer"


class ReportCommand(BaseCommand):
    """A command with ``--format`` and, if ``dry_run_help`` says what it does, ``--dry-run``."""

    dry_run_help = ""

    def add_arguments(self, parser: CommandParser) -> None:
        if self.dry_run_help:
            parser.add_argument("--dry-run", action="store_true", help=self.dry_run_help)
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="for people or programs"
        )

    def report(
        self,
        options: dict[str, Any],
        as_json: Callable[[], object],
        as_text: Callable[[], str],
    ) -> None:
        is_json = options["format"] == "json"
        self.stdout.write(json.dumps(as_json()) if is_json else as_text())

    def end_if_stopped(self, status: int, message: str) -> None:
        """End with the status of the signal that stopped the work, if there was one."""
        if status:
            self.stderr.write(f"Interrupted. {message}")
            raise SystemExit(status)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if not parser.called_from_command_line:
            parser.error = _refuse  # type: ignore[method-assign]
        self._actions: list[Action] = parser._actions
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command with the standard streams, and end the process if something is wrong."""
        sys.stdout = _writable(sys.stdout)
        sys.stderr = _writable(sys.stderr)
        self.stdout = _Output(sys.stdout)
        self.stderr = _Output(sys.stderr)
        self.stderr.style_func = self.style.ERROR
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end_now)
        try:
            super().run_from_argv(argv)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            raise SystemExit(exit_status(signal.SIGINT)) from None
        finally:
            self._flush()

    def execute(self, *args: Any, **options: Any) -> str | None:
        options |= _converted(self._actions, options)
        try:
            return super().execute(*args, **options)
        except OSError as error:
            raise CommandError(_described(error)) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(_advice(error)) from error
        except ProgrammingError as error:
            if _lacks_table(error):
                raise CommandError(_advice(error)) from error
            raise

    def _flush(self) -> None:
        # Otherwise the interpreter would do this when it exits, and print a traceback.
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                _discard(stream)
            except OSError as error:
                _discard(stream)
                self.stderr.write(f"CommandError: the report was not written: {error.strerror}")
                raise SystemExit(1) from None


class _Output(OutputWrapper):
    """Output that is discarded, while the work continues, once nobody reads it any more."""

    def write(self, msg: str = "", *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        try:
            super().write(msg, *args, **kwargs)
        except BrokenPipeError:
            _discard(self._out)


def _writable(stream: Any) -> Any:
    """Return a stream that accepts any character; if it is closed, one that discards everything."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    # Streams that tests replace cannot be configured.
    with suppress(AttributeError):
        stream.reconfigure(errors=_PLAINER)
    return stream


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that a stream cannot encode: a handler for ``codecs``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    plain = (_PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in found)
    return "".join(plain), error.end


codecs.register_error(_PLAINER, _plainer)


def _discard(stream: Any) -> None:
    """Discard everything that is buffered or written from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, returncode=USAGE)


def _converted(actions: list[Action], options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with their types; ``call_command`` passes on some without a check."""
    return {
        action.dest: _typed(action, options[action.dest])
        for action in actions
        if callable(action.type) and action.dest in options
    }


def _typed(action: Action, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_typed(action, one) for one in value]
    if not callable(action.type) or type(value) not in {str, int}:
        return value
    try:
        return action.type(str(value))
    except (ArgumentTypeError, ValueError) as error:
        _refuse(f"{'/'.join(action.option_strings) or action.metavar or action.dest}: {error}")


def _described(error: OSError) -> str:
    """Return the message of the system, with the name of the file."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _advice(error: Exception) -> str:
    if _lacks_table(error):
        return "The database is not up to date: run manage.py migrate first."
    reason = " ".join(str(error).split()) or "no answer"
    return f"The database failed: {reason}. What was finished before is kept."


def _lacks_table(error: Exception) -> bool:
    words = str(error)
    return "no such table" in words or "no such column" in words or "does not exist" in words


def text(value: str) -> str:
    """Check an argument that must not be empty and can be stored."""
    if not value:
        raise ArgumentTypeError("must not be empty")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ArgumentTypeError("is not valid text")
    return value


def path(value: str) -> Path:
    """Check the path of a file or folder. An empty one would mean the working folder."""
    if not value:
        raise ArgumentTypeError("must not be empty: use . for the working folder")
    if "\0" in value:
        raise ArgumentTypeError("is not a valid path")
    return Path(value)


def folder(value: str) -> Path:
    """Check the path of a folder to write to, which need not exist yet."""
    chosen = path(value)
    try:
        # A link that leads nowhere is there, too: no folder can be made in its place.
        places = (chosen, *chosen.absolute().parents)
        existing = next(one for one in places if one.exists() or one.is_symlink())
        is_folder = existing.is_dir()
    except OSError as error:
        raise ArgumentTypeError(f"{value}: {error.strerror}") from error
    if not is_folder:
        raise ArgumentTypeError(f"{existing} is not a folder: choose another one")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ArgumentTypeError(f"{existing} cannot be written to: choose another one")
    return chosen


def whole(least: int, most: int = 1_000_000_000) -> Callable[[str], int]:
    """Return a check of whole numbers from ``least`` to ``most``."""

    def check(value: str) -> int:
        with suppress(ValueError):
            # Longer numbers are too large in any case.
            if least <= (number := int(value[:20])) <= most:
                return number
        limit = f"{least} or more" if most == 1_000_000_000 else f"from {least} to {most:,}"
        raise ArgumentTypeError(f"expected a whole number, {limit}, not {value!r}")

    return check


def moment(value: str) -> datetime:
    """Check a day or time; without an offset it is in UTC."""
    try:
        return iso_dates.parse(value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
