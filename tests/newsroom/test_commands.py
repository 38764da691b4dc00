"""How every command reads arguments, reports, fails and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import InterfaceError, OperationalError, ProgrammingError

from newsroom import commands
from newsroom.commands import ReportCommand
from tests.articles.samples import ROOT
from tests.newsroom.sample_command import Sample

OURS = sorted(
    name
    for name, app in get_commands().items()
    # Django's command with limits.
    if app == "articles" and name != "migrate"
)
BEGIN = (
    "from django.conf import settings; settings.configure()\n"
    "from tests.newsroom.sample_command import Sample\n"
)


def run(code: str, *, after: str = "", **environment: str) -> tuple[int, str, str]:
    """Run a sample command in a process, followed by ``after`` in bash.

    Return its exit status, standard output and standard error.
    """
    program = f"{BEGIN}{code}"
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {after}', "bash", *command] if after else command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def work(statement: str = "", arguments: str = "[]") -> str:
    return (
        f"def work(self):\n    {statement or 'pass'}\n"
        f"Sample(work).run_from_argv(['manage.py', 'sample', *{arguments}])\n"
    )


class TestEveryCommand:
    @pytest.mark.parametrize("name", OURS)
    def test_shares_this_behavior_and_takes_a_format(self, name: str) -> None:
        command = load_command_class("articles", name)
        assert isinstance(command, ReportCommand)
        parser = command.create_parser("manage.py", name)
        assert "--format" in parser.format_help()


class TestArguments:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--folder", ""),
            ("--slug", ""),
            ("--slug", "\udcff"),
            ("--count", "0"),
            ("--count", "10"),
            ("--count", "9" * 5000),
            ("--count", "many"),
            ("--format", "xml"),
        ],
    )
    def test_invalid_ones_end_with_2(self, option: str, value: str) -> None:
        with pytest.raises(CommandError, match=option) as caught:
            call_command(Sample(), option, value)
        assert caught.value.returncode == 2

    @pytest.mark.parametrize(
        "options", [{"folder": ""}, {"slug": ["a", ""]}, {"count": 0}, {"count": "many"}]
    )
    def test_of_call_command_are_checked_too(self, options: dict[str, Any]) -> None:
        (name,) = options
        with pytest.raises(CommandError, match=f"--{name}") as caught:
            call_command(Sample(), **options)
        assert caught.value.returncode == 2

    def test_of_the_shell_end_with_2_and_no_traceback(self) -> None:
        status, out, err = run(work(arguments="['--folder', '']"))
        assert (status, out) == (2, "")
        assert "argument --folder: must not be empty" in err
        assert "Traceback" not in err

    def test_characters_that_a_terminal_lacks_are_replaced(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        streams = [TextIOWrapper(BytesIO(), encoding="ascii") for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        monkeypatch.setattr(commands.signal, "signal", lambda *_: None)
        sample = Sample(lambda command: command.stdout.write("a \u2026 \u017d"))
        sample.run_from_argv(["manage.py", "sample", "--slug", "b"])
        out, err = (stream.buffer.getvalue().decode() for stream in streams)
        assert (out, err) == ("a ... \\u017d\nslug ['b']\n", "")

    def test_keep_their_values(self) -> None:
        out = StringIO()
        call_command(Sample(), "--slug", "a", "b", format="json", stdout=out)
        assert json.loads(out.getvalue()) == {"slug": ["a", "b"]}


class TestFolder:
    def test_may_be_missing(self, tmp_path: Path) -> None:
        assert commands.folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
        assert commands.folder("new") == Path("new")

    @pytest.mark.parametrize("below", ["", "/x", "/x/y"])
    def test_is_neither_a_file_nor_below_one(self, tmp_path: Path, below: str) -> None:
        file = tmp_path / "file"
        file.touch()
        with pytest.raises(commands.ArgumentTypeError, match="file is not a folder: choose"):
            commands.folder(f"{file}{below}")

    def test_is_no_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to("nowhere")
        with pytest.raises(commands.ArgumentTypeError, match="link is not a folder: choose"):
            commands.folder(str(link))

    def test_with_an_impossible_name(self) -> None:
        for value in ("", "\0", "x" * 5000):
            with pytest.raises(commands.ArgumentTypeError):
                commands.folder(value)


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (OSError(28, "No space left on device"), "No space left on device"),
            (PermissionError(13, "Permission denied", "/x/y"), "/x/y: Permission denied"),
            (OperationalError("database or disk is full"), "database or disk is full"),
            (InterfaceError("connection already closed"), "connection already closed"),
            (OperationalError("no such table: articles_article"), "run manage.py migrate"),
            (ProgrammingError('relation "articles_article" does not exist'), "migrate"),
        ],
    )
    def test_that_users_can_fix_have_a_message(self, error: Exception, words: str) -> None:
        def fail(command: Sample) -> None:
            raise error

        with pytest.raises(CommandError) as caught:
            call_command(Sample(fail))
        assert caught.value.returncode == 1
        assert words in str(caught.value)

    def test_that_are_bugs_are_not_hidden(self) -> None:
        def fail(command: Sample) -> None:
            raise ProgrammingError("syntax error")

        with pytest.raises(ProgrammingError):
            call_command(Sample(fail))


class TestStreams:
    def test_ascii_terminal(self) -> None:
        status, out, err = run(
            work("self.stdout.write('57 × 1 ≥ “7” – é'); self.stderr.write('…ü')"),  # noqa: RUF001
            PYTHONIOENCODING="ascii",
        )
        assert status == 0
        assert out.splitlines()[0] == r'57 x 1 >= "7" - \xe9'
        assert err == "...\\xfc\n"

    def test_names_that_are_not_text(self) -> None:
        status, out, _ = run(work(r"self.stdout.write('\udcff')"), PYTHONIOENCODING="utf-8")
        assert (status, out.splitlines()[0]) == (0, r"\udcff")

    @pytest.mark.parametrize("lines", [1, 100_000])
    @pytest.mark.parametrize("reader", ["true", "head -1 >/dev/null"])
    def test_closed_pipe_does_not_stop_the_work(
        self, lines: int, reader: str, tmp_path: Path
    ) -> None:
        done = tmp_path / "done"
        code = work(
            f"[self.stdout.write('x' * 80) for _ in range({lines})]; open({str(done)!r}, 'w')"
        )
        assert run(code, after=f"| {reader}") == (0, "", "")
        assert done.exists()

    def test_closed_pipe_keeps_the_status(self) -> None:
        code = work("[self.stdout.write('x' * 80) for _ in range(9999)]; raise SystemExit(1)")
        assert run(code, after="| true") == (1, "", "")

    @pytest.mark.parametrize("after", [">&-", ">&- 2>&-", "2>&-"])
    def test_closed_streams(self, after: str) -> None:
        status, _, err = run(work(), after=after)
        assert (status, err) == (0, "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
    @pytest.mark.parametrize("lines", [1, 100_000])
    def test_full_disk(self, lines: int) -> None:
        code = work(f"[self.stdout.write('x' * 80) for _ in range({lines})]")
        status, _, err = run(code, after="> /dev/full")
        assert status == 1
        assert "No space left on device" in err
        assert "Traceback" not in err


class TestSignals:
    @pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
    def test_end_a_command_without_a_traceback(self, name: str, status: int) -> None:
        # A shell lets commands in the background ignore SIGINT; the tests may be one.
        heed = "signal.signal(signal.SIGINT, signal.default_int_handler)"
        code = work(f"import signal; {heed}; signal.raise_signal(signal.{name})")
        assert run(code)[::2] == (status, "Interrupted.\n" if name == "SIGINT" else "")

    def test_stopped_work_ends_with_the_status_of_the_signal(self) -> None:
        code = work(
            "import signal\n    from newsroom.interrupts import stop_on_signal\n"
            "    with stop_on_signal() as stop:\n        signal.raise_signal(signal.SIGTERM)\n"
            "    self.end_if_stopped(stop.status, 'Run again.')"
        )
        assert run(code) == (143, "", "Interrupted. Run again.\n")
