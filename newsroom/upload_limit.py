"""Limit the size of forms, before anything is read."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MOST_BYTES: Final = 32 * 1024 * 1024
"""The most bytes of a form with files, unless its page allows more. Pictures have up to 10 MB."""


class UploadLimit(FileUploadHandler):
    """Refuses large forms, before Django writes their files to the disk.

    Without it, anybody could fill the disk: Django reads a whole form to check its CSRF token. A
    page that allows more sets ``request.upload_handlers``.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if content_length > MOST_BYTES:
            raise RequestDataTooBig(f"The form has more than {MOST_BYTES:,} bytes.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
