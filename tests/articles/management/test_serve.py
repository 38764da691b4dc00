"""``serve`` starts granian with limits. ``tests/newsroom/test_faults.py`` shows it at work."""

from __future__ import annotations

import os
import sys
from itertools import pairwise

import pytest
from django.core.management import call_command

from newsroom import counters


def test_starts_granian_with_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: started.append(arguments))
    monkeypatch.setenv(counters.FOLDER, "folder")
    call_command("serve", "--port", "8123", "--workers", "3")
    (arguments,) = started
    assert arguments[:3] == [sys.executable, "-m", "granian"]
    given = dict(pairwise(arguments))
    assert given["--port"] == "8123"
    assert given["--workers"] == "3"
    assert given["--blocking-threads"] == "4"
    assert "--respawn-failed-workers" in arguments
