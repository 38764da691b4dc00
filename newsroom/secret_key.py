"""The key that signs sessions, for installations without the setting SECRET_KEY."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def read_or_create_secret_key(path: Path) -> str:
    """Return the key stored in `path`, creating the file (mode 0600) if it is missing.

    Processes that start at the same time get the same key. Raise ImproperlyConfigured if the file can
    be neither read nor created.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"No SECRET_KEY is set, and {path} cannot be read or created ({error.strerror}). "
            "Set SECRET_KEY or SECRET_KEY_FILE."
        ) from error
    if not key:
        raise ImproperlyConfigured(f"{path} is empty. Delete it, or set SECRET_KEY.")
    return key


def _create(path: Path) -> None:
    # Link to a complete file, so that no process reads half a key. If several processes do this, the
    # first one's key is kept.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64) + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        draft.unlink()
