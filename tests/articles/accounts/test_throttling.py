"""Limits of failed sign-ins, and the log of all sign-ins."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from articles.accounts import throttling
from articles.models import SignIn
from articles.roles import Role
from tests.articles.accounts.signing_in import (
    ADDRESS,
    LOGIN,
    PASSWORD,
    fail,
    make_member,
    noted,
    sign_in,
    wait,
)

pytestmark = pytest.mark.django_db


class TestName:
    def test_five_failures_lock_it(self) -> None:
        user = make_member()
        assert fail(5, user.username) == [200, 200, 200, 200, 429]
        # From anywhere, and with the right password.
        response = sign_in(user.username, address="198.51.100.9")
        assert response.status_code == 429
        assert response["Retry-After"] == "900"
        assert "no-store" in response["Cache-Control"]
        assert "Wait 15 minutes" in response.content.decode()

    def test_others_are_not_locked(self) -> None:
        fail(5, "somebody")
        assert sign_in(make_member().username).status_code == 302

    def test_lock_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        user = make_member()
        fail(5, user.username)
        wait(monkeypatch, 14.9)
        assert sign_in(user.username).status_code == 429
        wait(monkeypatch, 0.2)
        assert sign_in(user.username).status_code == 302

    def test_trying_on_does_not_extend_the_lock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        user = make_member()
        fail(5, user.username)
        wait(monkeypatch, 14)
        assert fail(5, user.username) == [429] * 5
        wait(monkeypatch, 1.1)
        assert sign_in(user.username).status_code == 302

    def test_success_starts_again(self) -> None:
        user = make_member()
        fail(4, user.username)
        assert sign_in(user.username).status_code == 302
        assert fail(4, user.username) == [200] * 4
        assert sign_in(user.username).status_code == 302

    def test_another_browser_is_the_same_client(self) -> None:
        user = make_member()
        for number in range(5):
            sign_in(user.username, "wrong", user_agent=f"Browser {number}")
        assert sign_in(user.username, user_agent="Browser 9").status_code == 429

    def test_numbers_are_settings(self, settings: Settings) -> None:
        settings.SIGN_IN_NAME_FAILURES = settings.AXES_FAILURE_LIMIT = 2
        assert fail(2, "somebody") == [200, 429]


class TestAddress:
    def test_twenty_failures_lock_it(self) -> None:
        user = make_member()
        statuses = [fail(1, f"name-{number}")[0] for number in range(20)]
        assert statuses == [200] * 19 + [429]
        assert sign_in(user.username).status_code == 429
        assert sign_in(user.username, address="198.51.100.9").status_code == 302

    def test_success_does_not_start_again(self) -> None:
        # Somebody with an account could otherwise guess the passwords of others without end.
        user = make_member()
        for number in range(19):
            fail(1, f"name-{number}")
        assert sign_in(user.username).status_code == 302
        assert fail(1, "another") == [429]

    def test_addresses_of_one_network_count_together(self) -> None:
        for number in range(20):
            fail(1, f"name-{number}", address=f"2001:db8:0:7::{number:x}")
        user = make_member()
        assert sign_in(user.username, address="2001:db8:0:7:ffff::1").status_code == 429
        assert sign_in(user.username, address="2001:db8:0:8::1").status_code == 302

    def test_unknown_addresses_are_not_locked(self) -> None:
        for number in range(20):
            fail(1, f"name-{number}", address="")
        assert sign_in(make_member().username, address="").status_code == 302
        assert fail(5, "somebody", address="")[-1] == 429

    @pytest.mark.parametrize("is_behind", [False, True])
    def test_header_counts_only_behind_a_proxy(self, settings: Settings, is_behind: bool) -> None:
        settings.BEHIND_PROXY = is_behind
        for number in range(20):
            header = f"203.0.113.{number}, 198.51.100.{number}"
            sign_in(f"name-{number}", "wrong", x_forwarded_for=header)
        status = sign_in("another", "wrong", x_forwarded_for="198.51.100.99").status_code
        # Without our proxy, anybody could make up a new address for each try.
        assert status == (200 if is_behind else 429)
        assert SignIn.objects.earliest("pk").address == ("198.51.100.0" if is_behind else ADDRESS)


class TestAnswers:
    """Nobody can tell a name of a user from another name."""

    def test_are_the_same(self) -> None:
        names = [
            make_member().username,
            make_member(is_active=False).username,
            make_member(password=None).username,
            "nobody",
        ]
        pages = {
            Client(REMOTE_ADDR=f"192.0.2.{number}")
            .post(LOGIN, {"username": name, "password": "wrong"})
            .content.decode()
            .replace(name, "NAME")
            for number, name in enumerate(names)
        }
        # Each page has its own token.
        assert len({page.partition("csrfmiddlewaretoken")[0] for page in pages}) == 1
        assert len({len(page) for page in pages}) == 1
        locked = {(fail(5, name)[-1], sign_in(name).content) for name in names}
        assert {status for status, _ in locked} == {429}
        assert len({content for _, content in locked}) == 1

    def test_take_the_same_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hash takes most of the time, so all of them need the same number of hashes."""
        members = [make_member(), make_member(is_active=False), make_member(password=None)]
        counted: list[str] = []
        encode = MD5PasswordHasher.encode

        def count(self: MD5PasswordHasher, password: str, salt: str) -> str:
            counted.append(password)
            return encode(self, password, salt)

        monkeypatch.setattr(MD5PasswordHasher, "encode", count)
        for name in (*(member.username for member in members), "nobody"):
            counted.clear()
            sign_in(name, "wrong", address="198.51.100.1")
            assert len(counted) == 1, name

    def test_lock_needs_no_hash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        user = make_member()
        fail(5, user.username)
        monkeypatch.delattr(MD5PasswordHasher, "encode")
        assert sign_in(user.username).status_code == 429


class TestLog:
    def test_has_each_result(self) -> None:
        user, idle = make_member(), make_user_without_role()
        sign_in(user.username)
        fail(1, "nobody")
        sign_in(idle)
        assert noted() == [
            ("signed_in", user.username, ADDRESS),
            ("failed", "nobody", ADDRESS),
            ("no_role", idle, ADDRESS),
        ]

    def test_refusals_are_noted_once_a_minute(self) -> None:
        user = make_member()
        fail(5, user.username)
        for _ in range(10):
            sign_in(user.username)
        assert [result for result, *_ in noted()] == ["failed"] * 5 + ["locked"]
        SignIn.objects.filter(result="locked").update(at=timezone.now() - timedelta(minutes=1))
        sign_in(user.username)
        assert noted()[-1] == ("locked", user.username, ADDRESS)
        assert SignIn.objects.filter(result="locked").count() == 2

    def test_reading_writes_nothing(self) -> None:
        query = {"username": "nobody", "password": "wrong"}
        Client().get(LOGIN, query)
        Client().head(LOGIN, query)
        assert not SignIn.objects.exists()
        assert not AccessAttempt.objects.exists()

    def test_forms_without_a_name_or_password_are_not_noted(self) -> None:
        sign_in("", "wrong")
        sign_in("somebody", "")
        sign_in("x\0y", "wrong")
        sign_in("x" * 5000, "wrong")
        assert noted() == []

    def test_passwords_are_not_stored(self) -> None:
        sign_in("nobody", "a secret password")
        sign_in(make_member().username)
        stored = str([*SignIn.objects.values(), *AccessAttempt.objects.values()])
        assert "a secret" not in stored
        assert PASSWORD not in stored

    def test_lines_name_who_and_from_where(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        user = make_member()
        fail(5, user.username)
        sign_in(user.username)
        lines = [record.getMessage() for record in caplog.records]
        assert f"sign-in: failed, '{user.username}' from {ADDRESS}" in lines
        assert f"sign-in: locked, '{user.username}' from {ADDRESS}" in lines
        assert PASSWORD not in caplog.text

    @pytest.mark.parametrize("name", ["x\r\nforged", "x\x1b[2Jx", "x\u2028x", "x\u202ex"])
    def test_no_name_forges_a_line(self, caplog: pytest.LogCaptureFixture, name: str) -> None:
        sign_in(name, "wrong", user_agent=name.replace("\n", "").replace("\r", ""))
        [record] = [one for one in caplog.records if one.name == throttling.__name__]
        assert record.getMessage().isprintable()
        others = [one for one in caplog.records if one.name.startswith("axes")]
        assert [one for one in others if one.levelno >= logging.ERROR] == []
        assert logging.getLogger("axes").level == logging.ERROR

    def test_old_entries_are_removed(self, settings: Settings) -> None:
        settings.SIGN_IN_LOG_DAYS = 30
        at = timezone.now()
        for days in (29, 31):
            SignIn.objects.create(result="failed", name=str(days), at=at - timedelta(days=days))
        assert SignIn.objects.prune(at) == 1
        assert SignIn.objects.get().name == "29"


def make_user_without_role() -> str:
    user = make_member()
    user.groups.clear()
    return user.username


class TestSignIn:
    def test_rotates_the_session(self) -> None:
        user = make_member()
        client = Client()
        session = client.session
        session["planted"] = "by somebody else"
        session.save()
        before = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        client.post(LOGIN, {"username": user.username, "password": PASSWORD})
        after = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        assert after != before
        stranger = Client()
        stranger.cookies[django_settings.SESSION_COOKIE_NAME] = before
        assert stranger.get("/admin/").status_code == 302
        assert client.get("/admin/").status_code == 200

    @pytest.mark.parametrize("is_staff", [True, False])
    def test_users_without_a_role_are_told(self, is_staff: bool) -> None:
        name = make_user_without_role()
        user = make_member(username="idle", is_staff=is_staff)
        user.groups.clear()
        response = sign_in(user.username)
        assert "you have no role yet" in response.content.decode()
        assert "_auth_user_id" not in response.client.session
        # Only with the right password.
        assert "no role" not in sign_in(name, "wrong").content.decode()

    def test_desk_tells_them_as_well(self) -> None:
        client = Client()
        user = make_member()
        client.force_login(user)
        assert "no role" not in client.get("/admin/").content.decode()
        user.groups.clear()
        assert "You have no role yet" in client.get("/admin/").content.decode()

    @pytest.mark.parametrize("role", Role)
    def test_each_role_is_let_in(self, role: Role) -> None:
        assert sign_in(make_member(role).username).status_code == 302
