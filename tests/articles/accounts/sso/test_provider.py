"""Sign-in through an OpenID Connect provider, with a real one on this machine."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.module_loading import import_string

from articles.models import SignIn
from articles.roles import Role
from tests.articles.accounts.signing_in import LOGIN, fail, noted, sign_in
from tests.articles.accounts.sso.provider import OTHER_KEY, Provider
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

BEGIN: Final = "/admin/login/provider/"
ADDRESS: Final = "192.0.2.1"


def go(url: str) -> str:
    """Return where a page of the provider leads."""
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=10)
    connection.request("GET", f"{address.path}?{address.query}")
    location = connection.getresponse().headers["Location"]
    connection.close()
    return str(location)


def come_back(client: Client, **query: str) -> str:
    """Begin to sign in; return the address at which the provider sends the browser back."""
    return go(client.get(BEGIN, query)["Location"])


def enter(client: Client | None = None, **query: str) -> Any:
    """Sign in through the provider, and return the last answer."""
    client = client or Client(REMOTE_ADDR=ADDRESS)
    return client.get(come_back(client, **query), follow=True)


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def accounts() -> Any:
    # Their table exists only during these tests.
    return import_string("allauth.socialaccount.models.SocialAccount").objects.all()


def roles_of(name: str) -> list[str]:
    return sorted(User.objects.get(username=name).groups.values_list("name", flat=True))


def test_page_offers_it_and_keeps_the_target(client: Client, provider: Provider) -> None:
    html = client.get("/admin/providers/provider/", follow=True).content.decode()
    assert "Sign in with Example ID" in html
    assert "/admin/login/provider/?next=%2Fadmin%2Fproviders%2Fprovider%2F" in html
    response = enter(client, next="/admin/providers/provider/")
    assert response.redirect_chain[-1][0] == "/admin/providers/provider/"
    assert response.status_code == 200


def test_asks_for_a_proof_that_the_same_browser_comes_back(
    client: Client, provider: Provider
) -> None:
    asked = parse_qs(urlsplit(client.get(BEGIN)["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/admin/login/provider/end/"]
    # Another browser with this address does not get in.
    response = enter(Client(), state=asked["state"][0])
    stolen = come_back(client)
    response = Client().get(stolen, follow=True)
    assert response.redirect_chain[-1][0] == LOGIN
    assert "could not sign you in" in told(response)


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\a.example"]
)
def test_leads_nowhere_else(client: Client, provider: Provider, target: str) -> None:
    response = enter(client, next=target)
    assert response.redirect_chain[-1][0] == "/admin/"


class TestNewUser:
    def test_has_the_roles_of_the_groups(self, provider: Provider) -> None:
        provider.person |= {"given_name": "Ada", "groups": ["desk", "chiefs", "typos", "others"]}
        response = enter()
        assert response.redirect_chain[-1][0] == "/admin/"
        user = User.objects.get()
        assert (user.username, user.email, user.first_name) == ("ada", "ada@news.example", "Ada")
        assert not user.has_usable_password()
        assert not user.is_superuser
        assert roles_of("ada") == ["Editor", "Publisher"]
        assert noted() == [("signed_in", "ada", ADDRESS)]

    def test_groups_in_other_places(self, provider: Provider) -> None:
        provider.person["groups"] = "chiefs"
        provider.about = {"groups": ["desk"]}
        enter()
        assert roles_of("ada") == ["Editor"]

    def test_takes_nobodys_name(self, provider: Provider) -> None:
        make_user(Role.VIEWER, username="ada", email="other@news.example")
        enter()
        assert roles_of("ada") == ["Viewer"]
        assert User.objects.count() == 2

    @pytest.mark.parametrize("groups", [[], ["others"], None])
    def test_without_a_role_is_told_so_and_not_stored(
        self, provider: Provider, groups: list[str] | None
    ) -> None:
        provider.person["groups"] = groups
        response = enter()
        assert response.redirect_chain[-1][0] == LOGIN
        assert "You signed in, but you have no role yet. Ask an administrator" in told(response)
        assert not User.objects.exists()
        assert noted() == [("no_role", "ada", ADDRESS)]


class TestKnownUser:
    def test_roles_follow_the_groups(self, provider: Provider) -> None:
        enter()
        provider.person |= {"preferred_username": "lovelace", "groups": ["chiefs"]}
        enter()
        assert roles_of("ada") == ["Publisher"]
        provider.person["groups"] = []
        response = enter()
        assert "no role" in told(response)
        assert roles_of("ada") == []

    def test_claims_are_not_stored(self, provider: Provider) -> None:
        for _ in range(2):
            enter()
            assert list(accounts().values_list("uid", "extra_data")) == [("1", {})]

    def test_deactivated(self, provider: Provider) -> None:
        enter()
        User.objects.update(is_active=False)
        response = enter()
        assert "Your account was turned off" in told(response)
        assert response.redirect_chain[-1][0] == LOGIN

    def test_session_gets_a_new_key(self, client: Client, provider: Provider) -> None:
        back = come_back(client)
        before = client.cookies["sessionid"].value
        client.get(back)
        assert client.cookies["sessionid"].value != before


class TestUserWithTheSameAddress:
    def test_is_the_same_and_keeps_the_password(self, provider: Provider) -> None:
        user = make_user(Role.VIEWER, username="a.l", email="Ada@News.example", password="pass")
        enter()
        user.refresh_from_db()
        assert user.check_password("pass")
        assert roles_of("a.l") == ["Editor"]
        assert User.objects.count() == 1

    @pytest.mark.parametrize("verified", [False, "false", None])
    def test_is_another_if_it_is_not_verified(self, provider: Provider, verified: Any) -> None:
        make_user(Role.VIEWER, username="a.l", email="ada@news.example")
        provider.person["email_verified"] = verified
        enter()
        assert roles_of("a.l") == ["Viewer"]
        assert User.objects.get(username="ada").email == ""

    def test_is_another_if_two_have_it(self, provider: Provider) -> None:
        for name in ("a.l", "a.k"):
            make_user(Role.VIEWER, username=name, email="ada@news.example")
        enter()
        assert roles_of("a.l") == roles_of("a.k") == ["Viewer"]

    def test_is_refused_to_a_superuser(self, provider: Provider) -> None:
        User.objects.create_superuser("root", "ada@news.example", "pass")
        response = enter()
        assert "Superusers sign in with their name and password." in told(response)
        assert not accounts().exists()


class TestToken:
    @pytest.mark.parametrize(
        "claims",
        [{"aud": "another"}, {"iss": "https://other.example"}, {"exp": 1_500_000_000}],
        ids=str,
    )
    def test_of_another(self, provider: Provider, claims: dict[str, Any]) -> None:
        provider.claims = claims
        self.is_refused()

    def test_signed_by_another(self, provider: Provider) -> None:
        provider.key = OTHER_KEY
        self.is_refused()

    def test_with_the_page_of_another_user(self, provider: Provider) -> None:
        provider.about = {"sub": "2", "groups": ["chiefs"]}
        self.is_refused()

    def is_refused(self) -> None:
        response = enter()
        assert response.redirect_chain[-1][0] == LOGIN
        assert "could not sign you in" in told(response)
        assert not User.objects.exists()


class TestFaults:
    def test_provider_does_not_answer(
        self, provider: Provider, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        back = come_back(client)
        provider.is_down = True
        for url in (BEGIN, back):
            response = client.get(url, follow=True)
            assert response.status_code == 200
            assert "Example ID" in told(response)
        assert "the provider for sign-in fails" in caplog.text

    def test_cancelled(self, client: Client, provider: Provider) -> None:
        state = parse_qs(urlsplit(come_back(client)).query)["state"][0]
        query = {"error": "access_denied", "state": state}
        response = client.get(f"{BEGIN}end/", query, follow=True)
        assert "You did not sign in at Example ID." in told(response)

    def test_passwords_still_work(self, provider: Provider) -> None:
        make_user(Role.EDITOR, username="bob", password="pass")
        assert sign_in("bob", "pass")["Location"] == "/admin/"


class TestLimits:
    def test_hold_for_the_name(self, provider: Provider) -> None:
        enter()
        assert fail(6, "ada", "192.0.2.9")[-1] == 429
        assert enter().status_code == 429
        assert SignIn.objects.filter(result="signed_in").count() == 1

    def test_hold_for_the_address(self, provider: Provider) -> None:
        for number in range(20):
            fail(1, f"name-{number}")
        assert Client(REMOTE_ADDR=ADDRESS).get(BEGIN).status_code == 429
        assert enter(Client(REMOTE_ADDR="192.0.2.9")).status_code == 200


def test_no_sign_up(client: Client) -> None:
    # Neither django-allauth's pages nor its models for readers have an address.
    for path in ("signup/", "login/", "password/reset/", "email/", "3rdparty/"):
        assert client.get(f"/accounts/{path}").status_code == 404
    assert Group.objects.count() == len(Role)
