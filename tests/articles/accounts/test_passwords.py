"""Forgotten passwords: a link by mail that works once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from articles.accounts import mails
from articles.models import SignIn
from tests.articles.accounts.mail_server import MailServer
from tests.articles.accounts.signing_in import ADDRESS, PASSWORD, make_member, noted, sign_in
from tests.factories import make_token

pytestmark = pytest.mark.django_db

FORGOT = "/admin/password/forgot/"
NEW = "staple battery horse"
Later = list[Callable[[], None]]


def ask(email: str, address: str = ADDRESS) -> Any:
    return Client(REMOTE_ADDR=address).post(FORGOT, {"email": email})


def link_in(message: EmailMessage) -> str:
    """Return the path of the link, without its host."""
    found = re.search(r"https?://\S+", message.get_content())
    assert found
    return urlsplit(found[0]).path


def choose(client: Client, path: str, password: str = NEW) -> Any:
    """Open the link and send the form; return the response."""
    opened = client.get(path, follow=True)
    form = {"new_password1": password, "new_password2": password}
    return client.post(opened.request["PATH_INFO"], form, follow=True)


class TestForgot:
    def test_sign_in_page_leads_there(self) -> None:
        assert f'href="{FORGOT}"' in Client().get("/admin/login/").content.decode()

    def test_end_to_end(self, later: Later, mailbox: MailServer, settings: Settings) -> None:
        settings.SITE_URL = "https://news.example"
        user = make_member(email="desk@news.example")
        token = make_token(user)
        browser = Client()
        browser.force_login(user)
        response = ask("Desk@news.example")
        assert response["Location"] == "/admin/password/sent/"
        later.pop()()
        message = mailbox.next()
        assert message["To"] == "desk@news.example"
        assert message["Subject"] == "A new password for Newsroom"
        assert message["From"] == "newsroom@localhost"
        assert "https://news.example/admin/password/" in message.get_content()
        assert user.username in message.get_content()
        path = link_in(message)
        assert "You can sign in" in choose(Client(), path).content.decode()
        assert sign_in(user.username, NEW).status_code == 302
        assert sign_in(user.username, PASSWORD).status_code == 200
        # Other sessions and the API keys ended.
        assert browser.get("/admin/").status_code == 302
        token.refresh_from_db()
        assert not token.is_valid()
        # It works once.
        assert (
            "does not work any more" in choose(Client(), path, "another one 123").content.decode()
        )
        assert sign_in(user.username, NEW).status_code == 302

    @pytest.mark.parametrize(
        "email", ["nobody@news.example", "inactive@news.example", "never@x.example"]
    )
    def test_nobody_can_tell_who_has_an_account(
        self, later: Later, mailoutbox: list[Any], email: str
    ) -> None:
        make_member(email="desk@news.example")
        make_member(email="inactive@news.example", is_active=False)
        make_member(email="never@x.example", password=None)
        known, other = ask("desk@news.example"), ask(email)
        assert (known.status_code, known["Location"], known.content) == (
            other.status_code,
            other["Location"],
            other.content,
        )
        later.pop()()
        assert mailoutbox == []

    def test_users_are_looked_up_in_the_background(
        self, later: Later, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # Expect 3 queries: requests of this mail address, of this IP address; the log.
        for email in ("desk@news.example", "nobody@news.example"):
            make_member(email="desk@news.example")
            with django_assert_num_queries(3):
                ask(email)

    def test_limits(self, later: Later) -> None:
        assert [ask("a@news.example").status_code for _ in range(6)] == [302] * 5 + [429]
        statuses = [ask(f"b-{number}@news.example").status_code for number in range(16)]
        assert statuses == [302] * 15 + [429]
        assert ask("c@news.example", address="198.51.100.9").status_code == 302
        assert len(later) == 21
        # They do not lock anybody out of signing in.
        assert sign_in(make_member().username).status_code == 302
        assert noted()[0] == ("asked", "a@news.example", ADDRESS)

    def test_fail_no_address(self, later: Later) -> None:
        assert "errorlist" in ask("x").content.decode()
        assert not SignIn.objects.exists()

    def test_failures_are_logged(
        self, mailbox: MailServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mails.connections, "close_all", lambda: None)
        mailbox.is_refusing = True
        make_member(email="desk@news.example")
        mails._run(lambda: mails._send_links("desk@news.example", "https://news.example"))
        assert "a mail was not sent" in caplog.text

    def test_links_end(
        self, later: Later, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_member(email="desk@news.example")
        ask("desk@news.example")
        later.pop()()
        found = re.search(r"http\S+", mailoutbox[0].body)
        assert found
        then = datetime.now() + timedelta(days=3, minutes=1)  # noqa: DTZ005 - as Django
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: then)
        page = Client().get(urlsplit(found[0]).path, follow=True).content.decode()
        assert "does not work any more" in page

    @pytest.mark.parametrize("path", ["/admin/password/x/y/", "/admin/password/MQ/x-y/"])
    def test_made_up_links(self, path: str) -> None:
        response = Client().get(path)
        assert response.status_code == 200
        assert "does not work any more" in response.content.decode()
        assert "no-store" in response["Cache-Control"]
