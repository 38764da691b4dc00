"""The project's own checks, tools and lock files."""

import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import given
from hypothesis import settings as examples
from hypothesis.strategies import integers
from pytest_django import Settings

from tests import conftest, suites
from tests.network_block import NetworkBlockedError
from tests.postgres_answers import why_not

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


class TestLockFiles:
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_name_no_host_and_no_path(self, name: str) -> None:
        text = (ROOT / name).read_text()
        # A slash in a requirement would mean a URL or a path.
        assert "/" not in text
        assert "index" not in text

    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_every_requirement_has_hashes(self, name: str) -> None:
        text = (ROOT / name).read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert len(lines) > 10
        for line in lines:
            assert "==" in line, line
            assert "--hash=sha256:" in line, line

    def test_every_version_is_pinned_for_builds(self) -> None:
        text = (ROOT / "requirements-build.txt").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines), lines

    def test_development_uses_the_runtime_versions(self) -> None:
        def pins(name: str) -> set[str]:
            text = (ROOT / name).read_text()
            return set(re.findall(r"^[a-z0-9.-]+(?:\[.*\])?==\S+", text, re.MULTILINE))

        assert pins("requirements.txt") <= pins("requirements-dev.txt")


class TestLayers:
    """The import contracts find violations planted in a copy."""

    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        for package in ("newsroom", "articles", "providers"):
            shutil.copytree(
                ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        return tmp_path

    def lint(self, copy: Path) -> subprocess.CompletedProcess[str]:
        code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
        return run("-c", code, "--no-cache", cwd=copy, PYTHONPATH=str(copy))

    def source(self, copy: Path, module: str) -> Path:
        """Return the file of a module, or the __init__.py of a package."""
        package = (copy / module).with_suffix("")
        return package / "__init__.py" if package.is_dir() else copy / module

    def test_kept(self, copy: Path) -> None:
        answer = self.lint(copy)
        assert answer.returncode == 0, answer.stdout

    @pytest.mark.parametrize(
        ("module", "imported"),
        [
            ("providers/planted.py", "articles.apps"),
            ("articles/apps.py", "newsroom.urls"),
            ("articles/models/planted.py", "articles.newsdesk"),
            ("articles/heat.py", "articles.importing"),
            ("newsroom/bulk.py", "articles.heat"),
            ("articles/documents.py", "articles.models"),
            ("articles/documents.py", "django"),
            ("articles/scoring.py", "django.utils.timezone"),
            ("articles/sample_documents.py", "django.utils.text"),
        ],
    )
    def test_broken(self, copy: Path, module: str, imported: str) -> None:
        if imported.startswith("articles"):
            self.source(copy, imported.replace(".", "/") + ".py").touch()
        with self.source(copy, module).open("a") as file:
            file.write(f"\nimport {imported}\n")
        answer = self.lint(copy)
        assert answer.returncode == 1, answer.stdout
        importer = module.removesuffix(".py").replace("/", ".")
        assert re.search(rf"{importer} -> {imported.split('.')[0]}", answer.stdout), answer.stdout

    def test_broken_by_a_module_without_a_row(self, copy: Path) -> None:
        (copy / "articles" / "planted.py").touch()
        assert self.lint(copy).returncode == 1


class TestForbiddenSkips:
    TESTS = """
import pytest

def test_skipped():
    pytest.skip("no server")

@pytest.mark.skip(reason="not today")
def test_marked(): ...

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert False
"""

    def pytest(self, folder: Path, text: str, **variables: str) -> str:
        (folder / "test_planted.py").write_text(text)
        plugins = ("-p", "tests.forbid_skips", "-p", "no:django", "-p", "no:cacheprovider")
        answer = run(
            "-m", "pytest", *plugins, "-c", os.devnull, "--rootdir", str(folder), str(folder),
            cwd=folder, PYTHONPATH=str(ROOT), **variables,
        )  # fmt: skip
        return answer.stdout

    def test_skips_pass_by_default(self, tmp_path: Path) -> None:
        output = self.pytest(tmp_path, self.TESTS, NEWSROOM_FORBID_SKIPS="")
        assert "2 skipped, 1 xfailed" in output

    def test_skips_fail_when_forbidden(self, tmp_path: Path) -> None:
        output = self.pytest(tmp_path, self.TESTS, NEWSROOM_FORBID_SKIPS="1")
        # A marked test is skipped during set-up, which pytest reports as an error, not a failure.
        assert "1 failed, 1 xfailed, 1 error" in output
        assert "was skipped: Skipped: no server" in output
        assert "was skipped: Skipped: not today" in output

    def test_skipped_modules_fail_when_forbidden(self, tmp_path: Path) -> None:
        text = "import pytest\npytest.importorskip('no_such_module')\n"
        output = self.pytest(tmp_path, text, NEWSROOM_FORBID_SKIPS="1")
        assert "1 error" in output
        assert "no_such_module" in output


class TestNetworkBlock:
    # These addresses and names are reserved for documentation, so they reach no host.
    def test_connection_is_refused(self) -> None:
        with socket.socket() as sock:
            with pytest.raises(NetworkBlockedError, match=r"connect to '192\.0\.2\.1'"):
                sock.connect(("192.0.2.1", 80))
            with pytest.raises(NetworkBlockedError):
                sock.connect_ex(("192.0.2.1", 80))

    def test_datagram_is_refused(self) -> None:
        with (
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock,
            pytest.raises(NetworkBlockedError, match="send to '2001:db8::1'"),
        ):
            sock.sendto(b"", ("2001:db8::1", 53))

    def test_lookup_is_refused(self) -> None:
        with pytest.raises(NetworkBlockedError, match=r"look up 'news\.example'"):
            socket.create_connection(("news.example", 80), timeout=1)

    def test_loopback_is_reached(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            for host in ("127.0.0.1", "localhost"):
                socket.create_connection((host, port), timeout=1).close()

    def test_numeric_lookup_asks_nobody(self) -> None:
        assert socket.getaddrinfo("192.0.2.1", 80)[0][4] == ("192.0.2.1", 80)


@pytest.mark.django_db
class TestDemoAdmin:
    @pytest.fixture(autouse=True)
    def base_dir(self, settings: Settings, tmp_path: Path) -> Path:
        settings.BASE_DIR = tmp_path
        return tmp_path

    def ensure(self) -> str:
        out = StringIO()
        call_command("ensure_demo_admin", stdout=out)
        return out.getvalue()

    def test_created_and_shown_again(self, base_dir: Path) -> None:
        first = self.ensure()
        kept = base_dir / ".demo-password"
        password = kept.read_text().strip()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert f"Sign in as admin with the password {password}" in first
        assert User.objects.get().check_password(password)
        assert self.ensure() == first
        assert User.objects.count() == 1

    def test_same_password_for_a_new_database(self) -> None:
        first = self.ensure()
        User.objects.all().delete()
        assert self.ensure() == first

    def test_changed_password_is_not_shown(self) -> None:
        self.ensure()
        user = User.objects.get()
        user.set_password("another one")
        user.save()
        assert "with the password you gave it" in self.ensure()

    def test_another_administrator_is_enough(self) -> None:
        User.objects.create_superuser("chief", password="a password")
        assert "Sign in as chief with the password you gave it." in self.ensure()
        assert User.objects.count() == 1


class TestPostgresAnswers:
    def test_fail_says_why(self) -> None:
        # This port was free a moment ago.
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        reason = why_not(f"postgres://postgres:secret@127.0.0.1:{port}/newsroom")
        assert "secret" not in reason
        assert "refused" in reason

    @pytest.mark.postgres
    def test_success(self) -> None:
        assert why_not(os.environ["DATABASE_URL"]) == ""


class TestSelection:
    """On PostgreSQL only tests that use the database run, except those marked ``once``."""

    @pytest.mark.parametrize(
        ("markers", "fixtures", "expected"),
        [
            ((), ("tmp_path",), False),
            (("django_db",), (), True),
            (("postgres",), (), True),
            ((), ("db",), True),
            ((), ("transactional_db",), True),
            (("django_db", "once"), (), False),
        ],
    )
    def test_on_postgres(
        self, markers: tuple[str, ...], fixtures: tuple[str, ...], expected: bool
    ) -> None:
        item = Mock(fixturenames=fixtures, get_closest_marker=lambda name: name in markers)
        assert conftest._uses_database(item) is expected


class TestExamples:
    """Property tests run a quarter of their examples, unless a profile or a marker says otherwise."""

    @pytest.mark.parametrize(
        ("profile", "marker", "expected"),
        [("quick", None, 10), ("quick", "all_examples", 40), ("thorough", None, 40)],
    )
    def test_number(
        self,
        monkeypatch: pytest.MonkeyPatch,
        profile: str,
        marker: str | None,
        expected: int,
    ) -> None:
        seen: list[int] = []

        @examples(max_examples=40, database=None)
        @given(integers())
        def test(number: int) -> None:
            seen.append(number)

        monkeypatch.setattr(conftest, "PROFILE", profile)
        item = Mock(function=test, get_closest_marker=lambda name: name == marker)
        conftest.pytest_itemcollected(item)
        test()
        assert len(seen) == expected


class TestSuites:
    """``make test`` runs its parts side by side and reports the result of each."""

    def run(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        chosen = ["--jobs=0", "--postgres=postgres://postgres@127.0.0.1:1/x", *options]
        return run("-m", "tests.suites", *chosen, cwd=ROOT, COVERAGE_FILE=os.devnull, **variables)

    def test_says_how_each_part_went(self) -> None:
        flags = f"--flags=--no-cov {__file__} -k test_numeric_lookup_asks_nobody"
        answer = self.run("--part=SQLite", flags)
        assert answer.returncode == 0, answer.stdout
        assert re.search(r"^SQLite, \d+ min \d+ s: 1 passed, .* in ", answer.stdout, re.MULTILINE)

    def test_processes_keep_compiled_modules(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        assert "PYTHONDONTWRITEBYTECODE" not in suites._environment()

    def test_fail_when_a_part_fails(self) -> None:
        answer = self.run("--part=SQLite", f"--flags=--no-cov {__file__} -k no_such_test")
        assert answer.returncode == 1
        assert "deselected in" in answer.stdout.splitlines()[-1]

    def test_make_passes_a_single_option_on(self) -> None:
        # As a word of its own, argparse would take it for an option of the program.
        command = [
            "make",
            "--dry-run",
            "--always-make",
            "test-sqlite",
            "PYTEST_FLAGS=--durations=9",
        ]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert "--flags=--durations=9" in shlex.split(answer.stdout.splitlines()[-1])

    @pytest.mark.parametrize(("forbidden", "status"), [("", 0), ("1", 1)])
    def test_missing_server(self, forbidden: str, status: int) -> None:
        answer = self.run("--part=PostgreSQL", NEWSROOM_FORBID_SKIPS=forbidden)
        assert answer.returncode == status
        assert "PostgreSQL: skipped, connection" in answer.stdout
        assert "Set TEST_POSTGRES_URL to a server" in answer.stdout
