"""Commands that tests run in other newsrooms."""

from __future__ import annotations

import signal

import pytest

from tests.articles.importing.processes import Newsrooms, run

pytestmark = pytest.mark.once


def test_reports_output_and_status(newsrooms: Newsrooms) -> None:
    with newsrooms.make("reports") as environment:
        code = "import sys; print('found'); sys.exit('wrong')"
        done = run(environment, "-c", code, returncode=1)
        assert (done.stdout, done.stderr) == ("found\n", "wrong\n")
        module = run(environment, "-m", "django", "version")
        script = run(environment, "manage.py", "version")
        assert module.stdout == script.stdout


def test_killed_commands_end_alone(newsrooms: Newsrooms) -> None:
    with newsrooms.make("killed") as environment:
        code = "import os; os.kill(os.getpid(), 9)"
        run(environment, "-c", code, returncode=-signal.SIGKILL)
        assert run(environment, "-c", "print(1)").stdout == "1\n"


def test_commands_leave_nothing_to_the_next(newsrooms: Newsrooms) -> None:
    with newsrooms.make("alone") as environment:
        code = "import os; from django.conf import settings as s; {}; print(os.environ.get('X'), s.DEBUG)"
        changed = run(environment, "-c", code.format("os.environ['X'] = '1'; s.DEBUG = True"))
        assert changed.stdout == "1 True\n"
        assert run(environment, "-c", code.format("pass")).stdout == "None False\n"


def test_newsrooms_have_their_own_database(newsrooms: Newsrooms) -> None:
    code = """
import django; django.setup()
from providers.models import Provider
print(Provider.objects.count())
Provider.objects.create(domain="paper.example", name="Paper")
"""
    for name in ("one", "two"):
        with newsrooms.make(name) as environment:
            assert run(environment, "-c", code).stdout == "0\n"
            assert "UNIQUE" in run(environment, "-c", code, returncode=1).stderr
