"""The settings for a second factor and for sign-in through a provider."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from newsroom import optional_sign_in
from newsroom.optional_sign_in import roles_of_groups, settings_for

ALLAUTH = ["allauth", "allauth.account"]


def made(**values: Any) -> optional_sign_in.Optional:
    off: dict[str, Any] = {"second_factor": [], "server": "", "client": ("", "")}
    return settings_for(**off | {"name": "", "scopes": [], "roles": []} | values)


def made_for(server: str, **values: Any) -> optional_sign_in.Optional:
    client = {"client": ("newsroom", "secret"), "roles": [("desk", "Editor")]}
    return made(server=server, **client | values)


def test_nothing_while_both_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_sign_in, "find_spec", lambda name: None)
    assert made() == ([], [], {})


def test_only_what_is_on() -> None:
    assert made(second_factor=["all"]).apps == [*ALLAUTH, "allauth.mfa"]
    assert made_for("https://id.example").apps == [
        *ALLAUTH,
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ]


def test_issuers_may_end_with_a_slash() -> None:
    providers = made_for("https://id.example/realm/").settings["SOCIALACCOUNT_PROVIDERS"]
    (app,) = providers["openid_connect"]["APPS"]
    assert app["settings"]["server_url"] == "https://id.example/realm"


def test_a_provider_on_this_machine_needs_no_tls() -> None:
    assert made_for("http://127.0.0.1:8080").apps


@pytest.mark.parametrize("value", [{"second_factor": ["all"]}, {"server": "https://id.example"}])
def test_fail_without_the_extra(monkeypatch: pytest.MonkeyPatch, value: dict[str, Any]) -> None:
    monkeypatch.setattr(optional_sign_in, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match='need the extra "sso"'):
        made(**value)


@pytest.mark.parametrize("value", [["Editors"], ["all", "Editor"], ["on"], ["optional", "all"]])
def test_fail_with_an_unknown_role(value: list[str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECOND_FACTOR must be optional, all, or a"):
        made(second_factor=value)


@pytest.mark.parametrize(
    "server", ["id.example", "http://id.example", "https://", "ftp://a.example"]
)
def test_fail_with_an_unsafe_provider(server: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"OIDC_SERVER must be like https://id\.example"):
        made_for(server)


@pytest.mark.parametrize(
    "missing", [{"client": ("", "secret")}, {"client": ("a", "")}, {"roles": []}]
)
def test_fail_with_half_a_provider(missing: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="set OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and"):
        made_for("https://id.example", **missing)


def test_roles_of_groups() -> None:
    pairs = ["desk=Editor", "cn=chiefs = Publisher", "desk=Operator"]
    assert roles_of_groups(pairs) == [
        ("desk", "Editor"),
        ("cn=chiefs", "Publisher"),
        ("desk", "Operator"),
    ]


@pytest.mark.parametrize("pair", ["Editor", "=Editor", "desk="])
def test_fail_with_half_a_pair(pair: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_ROLES must be like desk=Editor"):
        roles_of_groups([pair])
