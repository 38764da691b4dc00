"""The code in ``docs/webhooks.md`` that verifies signatures, exactly as printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.articles.samples import ROOT

_DOCS: Final = (ROOT / "docs" / "webhooks.md").read_text()
(SNIPPET,) = re.findall(r"^```python\n(.*?)^```$", _DOCS, re.DOTALL | re.MULTILINE)


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Run the documented code."""
    names: dict[str, Any] = {}
    exec(SNIPPET, names)  # noqa: S102 - our own documentation
    found: bool = names["is_genuine"](secret, headers, body)
    return found
