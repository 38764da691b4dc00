"""A second factor: setting it up, signing in with it, requiring it and losing it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import time
from io import StringIO
from typing import Any, Final

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django import Settings

from articles.models import SignIn
from articles.roles import Role
from tests.articles.accounts.signing_in import LOGIN, PASSWORD, fail, make_member, noted
from tests.articles.accounts.sso.provider import Provider
from tests.articles.accounts.sso.test_provider import enter
from tests.articles.admin.admin_pages import page_of
from tests.factories import make_token

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE: Final = "/admin/second-factor/"
SET_UP: Final = f"{PAGE}set-up/"
CODES: Final = f"{PAGE}recovery-codes/"
CODE: Final = "/admin/login/code/"
ADDRESS: Final = "192.0.2.1"


def code_of(secret: str, at: float | None = None) -> str:
    """Return what the app on the phone shows (RFC 6238)."""
    counter = struct.pack(">Q", int((at or time.time()) // 30))
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    (value,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(value & 0x7FFFFFFF) % 1_000_000:06}"


def has_factor() -> bool:
    # Its table exists only during these tests.
    return bool(import_string("allauth.mfa.models.Authenticator").objects.exists())


class Person:
    """A user with a browser and a phone."""

    def __init__(self, *roles: Role, **values: Any) -> None:
        self.user = make_member(*roles, **values)
        self.client = Client(REMOTE_ADDR=ADDRESS)
        self.secret = ""

    def enter_password(self, target: str = "/admin/") -> Any:
        form = {"username": self.user.username, "password": PASSWORD, "next": target}
        return self.client.post(LOGIN, form)

    def enter_code(self, code: str | None = None) -> Any:
        # The same code works only once, and tests are fast.
        cache.clear()
        return self.client.post(CODE, {"code": code or code_of(self.secret)})

    def set_up(self) -> Any:
        html = self.client.get(SET_UP).content.decode()
        (self.secret,) = re.findall(r'<code class="second-factor-key">(\w+)</code>', html)
        return self.client.post(SET_UP, {"code": code_of(self.secret)})

    def recovery_codes(self) -> list[str]:
        return re.findall(r"<code>(\d{8})</code>", self.client.get(CODES).content.decode())

    def is_in(self) -> bool:
        return bool(self.client.get("/admin/").status_code == 200)

    def use_another_browser(self) -> None:
        self.client = Client(REMOTE_ADDR=ADDRESS)


@pytest.fixture
def ada() -> Person:
    """Return an editor with a second factor, who is not signed in."""
    person = Person(username="ada")
    person.enter_password()
    person.set_up()
    person.use_another_browser()
    SignIn.objects.all().delete()
    return person


class TestSetUp:
    def test_success(self) -> None:
        person = Person()
        person.enter_password()
        assert "Set up a second factor" in person.client.get(PAGE).content.decode()
        response = person.set_up()
        assert response["Location"] == CODES
        assert len(set(person.recovery_codes())) == 10
        assert "Remove the second factor" in person.client.get(PAGE).content.decode()

    def test_fail_with_a_wrong_code(self) -> None:
        person = Person()
        person.enter_password()
        person.client.get(SET_UP)
        response = person.client.post(SET_UP, {"code": "000000"})
        assert "Incorrect code" in response.content.decode()
        assert not has_factor()

    @pytest.mark.parametrize("path", [SET_UP, f"{PAGE}remove/", CODES, f"{CODES}new/"])
    def test_asks_for_the_password_again(
        self, ada: Person, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada.enter_password()
        ada.enter_code()
        monkeypatch.setattr("articles.accounts.sso.second_factor.RECENT", 0)
        for method in (ada.client.get, ada.client.post):
            again = method(path)
            assert again["Location"].startswith(f"{LOGIN}?again=1&next=")
        html = ada.client.get(again["Location"]).content.decode()
        assert "Sign in again to go on" in html
        assert "not authorized" not in html
        monkeypatch.undo()
        assert ada.enter_password(path)["Location"] == CODE
        assert not ada.is_in()
        assert ada.enter_code()["Location"] == path

    def test_needs_a_user(self) -> None:
        for path in (PAGE, SET_UP, CODES):
            assert Client().get(path)["Location"].startswith(LOGIN)
        assert Client().get(CODE)["Location"] == LOGIN


class TestSignIn:
    def test_with_a_code(self, ada: Person) -> None:
        response = ada.enter_password("/admin/providers/provider/")
        assert response["Location"] == CODE
        assert not ada.is_in()
        assert noted() == []
        before = ada.client.cookies["sessionid"].value
        assert ada.enter_code()["Location"] == "/admin/providers/provider/"
        assert ada.is_in()
        assert ada.client.cookies["sessionid"].value != before
        assert noted() == [("signed_in", "ada", ADDRESS)]

    def test_without_a_second_factor_as_before(self) -> None:
        person = Person(username="bob")
        assert person.enter_password()["Location"] == "/admin/"
        assert person.is_in()
        assert noted() == [("signed_in", "bob", ADDRESS)]

    def test_a_code_works_once(self, ada: Person) -> None:
        code = code_of(ada.secret)
        ada.enter_password()
        ada.enter_code(code)
        ada.use_another_browser()
        ada.enter_password()
        assert ada.client.post(CODE, {"code": code}).status_code == 200
        assert not ada.is_in()

    @pytest.mark.parametrize(("seconds", "lets_in"), [(-29, True), (-90, False), (90, False)])
    def test_a_code_is_short_lived(self, ada: Person, seconds: int, lets_in: bool) -> None:
        ada.enter_password()
        ada.enter_code(code_of(ada.secret, time.time() + seconds))
        assert ada.is_in() == lets_in

    def test_a_recovery_code_works_once(self, ada: Person) -> None:
        ada.enter_password()
        ada.enter_code()
        code = ada.recovery_codes()[3]
        for lets_in in (True, False):
            ada.use_another_browser()
            ada.enter_password()
            ada.enter_code(code)
            assert ada.is_in() == lets_in

    def test_new_recovery_codes_replace_the_former(self, ada: Person) -> None:
        ada.enter_password()
        ada.enter_code()
        former = ada.recovery_codes()
        assert ada.client.post(f"{CODES}new/")["Location"] == CODES
        assert not set(former) & set(ada.recovery_codes())

    def test_wrong_codes_lock_the_name(self, ada: Person) -> None:
        ada.enter_password()
        statuses = [ada.enter_code("000000").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 200, 429]
        # The right one does not help any more, nor does the right password.
        assert ada.enter_code().status_code == 429
        assert ada.enter_password().status_code == 429
        assert not ada.is_in()
        assert noted()[:5] == [("failed", "ada", ADDRESS)] * 5

    def test_is_refused_while_the_name_is_locked(self, ada: Person) -> None:
        ada.enter_password()
        fail(5, "ada", "192.0.2.9")
        assert ada.enter_code().status_code == 429
        assert not ada.is_in()

    def test_also_after_the_provider(self, ada: Person, provider: Provider) -> None:
        User.objects.update(email="ada@news.example")
        response = enter(ada.client)
        assert response.redirect_chain[-1][0] == CODE
        assert not ada.is_in()
        ada.enter_code()
        assert ada.is_in()

    def test_keys_still_end_with_the_password(self, ada: Person) -> None:
        key = make_token(ada.user)
        ada.enter_password()
        ada.enter_code()
        key.refresh_from_db()
        assert key.is_valid()
        ada.user.set_password("another one")
        ada.user.save()
        key.refresh_from_db()
        key.user.refresh_from_db()
        assert not key.is_valid()
        assert not ada.is_in()


class TestRequired:
    @pytest.fixture(params=["all", "Editor"])
    def required(self, request: pytest.FixtureRequest, settings: Settings) -> None:
        settings.SECOND_FACTOR = [request.param]

    @pytest.mark.usefixtures("required")
    def test_leads_to_the_page_and_on(self) -> None:
        person = Person()
        assert person.enter_password()["Location"] == "/admin/"
        for path in ("/admin/", "/admin/articles/article/", "/admin/nothing/"):
            assert person.client.get(path)["Location"] == SET_UP
        assert person.client.get("/api/v1/newsdesk/news/").status_code in {401, 403}
        assert person.client.get("/").status_code == 200
        assert "requires a second factor" in person.client.get(SET_UP).content.decode()
        person.set_up()
        assert person.is_in()
        assert person.client.get("/api/v1/newsdesk/news/").status_code == 200

    @pytest.mark.usefixtures("required")
    def test_a_session_from_before_ends(self, ada: Person) -> None:
        session = Client()
        session.force_login(ada.user)
        assert session.get("/admin/", follow=True).redirect_chain[-1][0].startswith(LOGIN)

    def test_only_for_some_roles_and_superusers(self, settings: Settings) -> None:
        settings.SECOND_FACTOR = ["Publisher"]
        for person, lets_in in (
            (Person(Role.VIEWER, Role.EDITOR), True),
            (Person(Role.VIEWER, Role.PUBLISHER), False),
            (Person(is_superuser=True), False),
        ):
            person.enter_password()
            assert person.is_in() == lets_in


class TestLost:
    def test_own(self, ada: Person) -> None:
        ada.enter_password()
        ada.enter_code()
        assert ada.client.post(f"{PAGE}remove/")["Location"] == PAGE
        assert not has_factor()
        ada.use_another_browser()
        ada.enter_password()
        assert ada.is_in()

    def test_removed_by_a_superuser(self, ada: Person, admin_client: Client) -> None:
        page = page_of(ada.user)
        assert "Remove the second factor" in admin_client.get(page).content.decode()
        url = f"/admin/auth/user/{ada.user.pk}/second-factor/remove/"
        response = admin_client.post(url, follow=True)
        assert "signs in without a second factor now" in response.content.decode()
        assert not has_factor()
        assert LogEntry.objects.filter(object_id=ada.user.pk).exists()
        assert "Remove the second factor" not in admin_client.get(page).content.decode()
        assert "has no second factor" in admin_client.post(url, follow=True).content.decode()

    def test_by_command(self, ada: Person) -> None:
        for removed in (True, False):
            out = StringIO()
            call_command("remove_second_factor", "ada", format="json", stdout=out)
            assert json.loads(out.getvalue()) == {"removed": removed}
        with pytest.raises(CommandError, match="no user 'nobody'"):
            call_command("remove_second_factor", "nobody")
