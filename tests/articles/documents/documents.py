"""Documents for the tests: paths of real ones, and a minimal one to vary."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SEEDS = sorted((ROOT / "seeds").glob("*.txt"))
BROKEN = ROOT / "tests/documents/broken"

# 48 documents of a public hub that uses the same format, where a developer has them.
CORPUS = Path(os.environ.get("NEWSROOM_CORPUS") or ROOT.parent / "shared/corpus")
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="needs the corpus: name its folder in NEWSROOM_CORPUS"
)
# Inputs that went wrong, and another hub, where a developer has them.
CASES = Path(os.environ.get("NEWSROOM_CASES") or ROOT.parent / "shared/cases")
HUB = Path(os.environ.get("NEWSROOM_HUB") or ROOT.parent / "shared/corpus-gcp")

MINIMAL = """\
title: "Council approves the bridge"
publishedDateTime: 2020-08-21T05:25:00Z
webUrl: "https://daily.example/bridge"
provider:
  name: Daily Example
  domain: daily.example
"""


def make_text(*, title: str | None = None, **keys: str) -> bytes:
    """Make a document from the minimal one; ``keys`` become lines of ``key: value``, unquoted."""
    text = MINIMAL if title is None else MINIMAL.replace('"Council approves the bridge"', title)
    added = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"---\n{text}{added}---\n\n".encode()
