"""Users in the admin: roles and invitations."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from pytest_django import Settings

from articles.models import ApiToken
from articles.roles import IN_WORDS, Role
from newsroom.environment import mail
from tests.articles.accounts.mail_server import mail_server
from tests.articles.accounts.signing_in import sign_in
from tests.articles.accounts.test_passwords import NEW, choose, link_in
from tests.articles.admin.admin_pages import get, page_of
from tests.factories import make_token, make_user

pytestmark = pytest.mark.django_db

INVITE = "/admin/auth/user/invite/"


def ids(*roles: Role) -> list[str]:
    return [str(pk) for pk in Group.objects.filter(name__in=roles).values_list("pk", flat=True)]


def save(client: Client, user: User, **values: Any) -> Any:
    form = {"username": user.username, "email": user.email, "is_active": "on", "groups": []}
    form |= {name: value for name, value in values.items() if value is not None}
    if values.get("is_active", "") is None:
        del form["is_active"]
    return client.post(page_of(user), form)


def invite(client: Client, **values: Any) -> Any:
    form = {"username": "newcomer", "email": "new@news.example", "groups": ids(Role.EDITOR)}
    return client.post(INVITE, form | values)


class TestForm:
    def test_roles_first_and_no_permissions(self, admin_client: Client) -> None:
        html = get(admin_client, page_of(make_user(Role.EDITOR)))
        for role, words in IN_WORDS.items():
            assert f"{role}: {words}" in html
        assert html.index("Viewer:") < html.index('name="email"') < html.index('id="id_password"')
        assert "user_permissions" not in html
        assert "Can publish articles" not in html

    def test_roles_are_all_described(self) -> None:
        assert set(IN_WORDS) == set(Role)

    def test_role_lets_in(self, admin_client: Client) -> None:
        user = User.objects.create_user("somebody", password=NEW)
        assert save(admin_client, user, groups=ids(Role.PUBLISHER)).status_code == 302
        user.refresh_from_db()
        assert user.is_staff
        assert [group.name for group in user.groups.all()] == [Role.PUBLISHER]
        assert sign_in("somebody", NEW).status_code == 302

    def test_own_permissions_are_kept(self, admin_client: Client) -> None:
        user = make_user(Role.EDITOR)
        user.user_permissions.add(Permission.objects.get(codename="export_article"))
        save(admin_client, user, groups=ids(Role.VIEWER))
        assert user.user_permissions.count() == 1

    def test_keys_end_with_the_account(self, admin_client: Client) -> None:
        user = make_user(Role.EDITOR)
        make_token(user)
        save(admin_client, user)
        assert ApiToken.objects.exists()
        save(admin_client, user, is_active=None)
        # They do not come back with the account.
        assert not ApiToken.objects.exists()

    def test_list(self, admin_client: Client) -> None:
        make_user(Role.EDITOR, Role.OPERATOR, username="both")
        html = get(admin_client, "/admin/auth/user/")
        assert "Editor, Operator" in html
        assert f'href="{INVITE}"' in html


class TestInvitation:
    def test_end_to_end(self, admin_client: Client, settings: Settings) -> None:
        settings.SITE_URL = "https://news.example"
        with mail_server() as server:
            for name, value in mail(server.url).items():
                setattr(settings, name, value)
            assert invite(admin_client)["Location"] == "/admin/auth/user/"
            message = server.next()
        assert message["To"] == "new@news.example"
        assert "https://news.example/admin/password/" in message.get_content()
        assert "admin has invited you to work at Newsroom (Editor)" in message.get_content()
        assert sign_in("newcomer", "").status_code == 200
        browser, path = Client(), link_in(message)
        page = browser.get(path, follow=True).content.decode()
        assert "newcomer" in page
        # The rules for passwords apply.
        assert "errorlist" in choose(browser, path, "12345").content.decode()
        assert "You can sign in" in choose(browser, path).content.decode()
        response = sign_in("newcomer", NEW)
        assert response.status_code == 302
        desk = response.client.get("/admin/")
        assert desk.status_code == 200
        assert desk.wsgi_request.user.has_perm("articles.score_article")
        assert not desk.wsgi_request.user.has_perm("articles.publish_article")
        assert "does not work any more" in choose(Client(), path).content.decode()

    @pytest.mark.parametrize(
        "values",
        [
            {"groups": []},
            {"groups": ["999999"]},
            {"email": ""},
            {"email": "x"},
            {"email": "TAKEN@news.example"},
            {"email": "a@news.example\nBcc: b@news.example"},
            {"username": "admin"},
            {"username": "a b\nc"},
        ],
    )
    def test_fail(
        self, admin_client: Client, mailoutbox: list[Any], values: dict[str, Any]
    ) -> None:
        make_user(email="taken@news.example")
        count = User.objects.count()
        assert "errorlist" in invite(admin_client, **values).content.decode()
        assert (User.objects.count(), mailoutbox) == (count, [])

    def test_mail_fails_and_is_sent_again(
        self, admin_client: Client, settings: Settings, mailoutbox: list[Any]
    ) -> None:
        local = settings.EMAIL_BACKEND
        with mail_server() as server:
            server.is_refusing = True
            for name, value in mail(server.url).items():
                setattr(settings, name, value)
            page = admin_client.get(invite(admin_client)["Location"]).content.decode()
        assert "could not be sent" in page
        user = User.objects.get(username="newcomer")
        assert "Send the invitation again" in get(admin_client, page_of(user))
        settings.EMAIL_BACKEND = local
        admin_client.post(f"/admin/auth/user/{user.pk}/invite/")
        assert [one.to for one in mailoutbox] == [["new@news.example"]]

    @pytest.mark.parametrize(
        "values", [{"password": "x"}, {"is_active": False, "password": None}, {"email": ""}]
    )
    def test_fail_again(
        self, admin_client: Client, mailoutbox: list[Any], values: dict[str, Any]
    ) -> None:
        user = make_user(**{"email": "new@news.example"} | values)
        assert "Send the invitation" not in get(admin_client, page_of(user))
        admin_client.post(f"/admin/auth/user/{user.pk}/invite/")
        assert mailoutbox == []

    def test_needs_both_permissions(self, client: Client, mailoutbox: list[Any]) -> None:
        user = make_user(Role.PUBLISHER)
        user.user_permissions.add(Permission.objects.get(codename="add_user"))
        client.force_login(user)
        assert invite(client).status_code == 403
        assert not User.objects.filter(username="newcomer").exists()
