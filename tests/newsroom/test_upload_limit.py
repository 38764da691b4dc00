"""Nobody can fill the disk with large forms."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import reverse

from articles.models import Upload
from articles.roles import Role
from newsroom import upload_limit
from tests.articles.admin.test_import_page import GOOD, page
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def send(client: Client, address: str) -> Any:
    return client.post(address, {"documents": SimpleUploadedFile("one.md", GOOD)})


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_limit, "MOST_BYTES", len(GOOD))


@pytest.mark.usefixtures("limit")
class TestUploadLimit:
    def test_fail_before_any_file_is_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", None)
        # Also where the CSRF token is looked for in the form.
        for client in (Client(), Client(enforce_csrf_checks=True)):
            client.get(reverse("admin:login"))
            assert send(client, reverse("admin:login")).status_code == 400

    def test_uploads_of_documents_may_be_larger(self, client: Client) -> None:
        client.force_login(make_user(Role.OPERATOR))
        assert send(client, page()).status_code == 302
        assert Upload.objects.exists()


def test_smaller_forms_are_read(client: Client) -> None:
    assert send(client, reverse("admin:login")).status_code == 200
