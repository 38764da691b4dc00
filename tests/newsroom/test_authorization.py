"""One table of who may read each URL of the site, and who may send to it.

``tests/articles/newsdesk/test_matrix.py`` covers who may make which decision;
``tests/articles/site/test_public_states.py`` covers what an article's public URL answers in each
state.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib.sessions.backends.db import SessionStore
from pytest_django import DjangoDbBlocker

from tests.articles.accounts.sso.provider import serving
from tests.articles.accounts.sso.turned_on import turned_on
from tests.newsroom.authorization import (
    REFUSED,
    USERS,
    Site,
    addresses,
    everything,
    is_let_in,
)

# Each test goes through all URLs. The database does not matter.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(300),
    pytest.mark.no_cover,
    pytest.mark.once,
]

# Name; who may read it; who may send to it. A: anonymous, N: staff without a role, V: Viewer,
# E: Editor, P: Publisher, O: Operator, S: superuser. A list that gets a form without an action is
# shown again.
TABLE: Final = """
admin:app_list                                VEPOS    VEPOS
admin:articles_act_undo                       EPS      EPS
admin:articles_apitoken_add                   VEPOS    VEPOS
admin:articles_apitoken_change                ES       -
admin:articles_apitoken_changelist            VEPOS    VEPOS
admin:articles_apitoken_delete                ES       ES
admin:articles_apitoken_history               ES       ES
admin:articles_article_add                    -        -
admin:articles_article_change                 VEPOS    EPS
admin:articles_article_changelist             VEPOS    VEPOS
admin:articles_article_conflicts              VEPOS    -
admin:articles_article_decide                 EPS      EPS
admin:articles_article_delete                 -        -
admin:articles_article_export                 OS       -
admin:articles_article_history                VEPOS    -
admin:articles_article_image                  VEPOS    EPS
admin:articles_article_keep                   -        EPS
admin:articles_article_pair                   -        EPS
admin:articles_article_preview                VEPOS    -
admin:articles_article_receipt                VEPOS    -
admin:articles_article_resolve                -        EPS
admin:articles_article_restore                EPS      EPS
admin:articles_article_scores                 -        EPS
admin:articles_article_story                  VEPOS    PS
admin:articles_article_suggested_quality      VEPOS    -
admin:articles_article_together               -        EPS
admin:articles_article_triage                 VEPOS    EPS
admin:articles_imagefetch_add                 -        -
admin:articles_imagefetch_change              VEPOS    -
admin:articles_imagefetch_changelist          VEPOS    VEPOS
admin:articles_imagefetch_delete              -        -
admin:articles_imagefetch_history             VEPOS    VEPOS
admin:articles_hookdelivery_add               -        -
admin:articles_hookdelivery_change            PS       -
admin:articles_hookdelivery_changelist        PS       PS
admin:articles_hookdelivery_delete            -        -
admin:articles_hookdelivery_history           PS       PS
admin:articles_importconflict_add             -        -
admin:articles_importconflict_change          VEPOS    -
admin:articles_importconflict_changelist      VEPOS    VEPOS
admin:articles_importconflict_delete          -        -
admin:articles_importconflict_history         VEPOS    VEPOS
admin:articles_importproblem_add              -        -
admin:articles_importproblem_change           VEPOS    -
admin:articles_importproblem_changelist       VEPOS    VEPOS
admin:articles_importproblem_delete           -        -
admin:articles_importproblem_history          VEPOS    VEPOS
admin:articles_importrun_add                  -        -
admin:articles_importrun_again                -        OS
admin:articles_importrun_cancel               -        OS
admin:articles_importrun_change               VEPOS    -
admin:articles_importrun_changelist           VEPOS    VEPOS
admin:articles_importrun_csv                  VEPOS    -
admin:articles_importrun_delete               -        -
admin:articles_importrun_history              VEPOS    VEPOS
admin:articles_importrun_import               OS       OS
admin:articles_importrun_json                 VEPOS    -
admin:articles_importrun_txt                  VEPOS    -
admin:articles_importrun_undo                 OS       OS
admin:articles_policyversion_add              -        -
admin:articles_policyversion_apply            -        PS
admin:articles_policyversion_change           VEPOS    -
admin:articles_policyversion_changelist       VEPOS    VEPOS
admin:articles_policyversion_delete           -        -
admin:articles_policyversion_fit              PS       -
admin:articles_policyversion_history          VEPOS    VEPOS
admin:articles_policyversion_progress         VEPOS    PS
admin:articles_policyversion_try              PS       PS
admin:articles_signin_add                     -        -
admin:articles_signin_change                  OS       -
admin:articles_signin_changelist              OS       OS
admin:articles_signin_delete                  -        -
admin:articles_signin_history                 OS       OS
admin:articles_sourcedocument_add             -        -
admin:articles_sourcedocument_change          VEPOS    -
admin:articles_sourcedocument_changelist      VEPOS    VEPOS
admin:articles_sourcedocument_delete          -        -
admin:articles_sourcedocument_history         VEPOS    VEPOS
admin:articles_topic_add                      -        -
admin:articles_topic_change                   VEPOS    EPS
admin:articles_topic_changelist               VEPOS    VEPOS
admin:articles_topic_delete                   -        -
admin:articles_topic_history                  VEPOS    VEPOS
admin:articles_webhook_add                    PS       PS
admin:articles_webhook_change                 PS       PS
admin:articles_webhook_changelist             PS       PS
admin:articles_webhook_delete                 -        -
admin:articles_webhook_history                PS       PS
admin:articles_webhook_replay                 -        PS
admin:articles_webhook_rotate                 -        PS
admin:articles_webhook_test                   -        PS
admin:auth_group_add                          S        S
admin:auth_group_change                       S        S
admin:auth_group_changelist                   S        S
admin:auth_group_delete                       S        S
admin:auth_group_history                      S        S
admin:auth_user_add                           S        S
admin:auth_user_change                        S        S
admin:auth_user_changelist                    S        S
admin:auth_user_delete                        S        S
admin:auth_user_history                       S        S
admin:auth_user_invite                        S        S
admin:auth_user_invite_again                  -        S
admin:auth_user_password_change               S        S
admin:autocomplete                            -        -
admin:index                                   NVEPOS   NVEPOS
admin:jsi18n                                  NVEPOS   -
admin:login                                   ANVEPOS  ANVEPOS
admin:logout                                  A        ANVEPOS
admin:password_change                         NVEPOS   NVEPOS
admin:password_change_done                    NVEPOS   -
admin:providers_provider_add                  -        -
admin:providers_provider_change               VEPOS    EPS
admin:providers_provider_changelist           VEPOS    VEPOS
admin:providers_provider_delete               -        -
admin:providers_provider_history              VEPOS    VEPOS
admin:queue                                   VEPOS    -
admin:system                                  OS       OS
admin:view_on_site                            NVEPOS   NVEPOS
admin_password_reset                          ANVEPOS  ANVEPOS
articles:api:article                          ANVEPOS  -
articles:api:docs                             ANVEPOS  -
articles:api:hub                              ANVEPOS  -
articles:api:hub-page                         ANVEPOS  -
articles:api:hub-topic                        ANVEPOS  -
articles:api:hub-topic-page                   ANVEPOS  -
articles:api:news                             ANVEPOS  -
articles:api:newsdesk-article                 VEPOS    -
articles:api:newsdesk-edit                    -        EPS
articles:api:newsdesk-history                 VEPOS    -
articles:api:newsdesk-hold                    -        EPS
articles:api:newsdesk-news                    VEPOS    -
articles:api:newsdesk-pin                     -        PS
articles:api:newsdesk-publish                 -        PS
articles:api:newsdesk-refuse                  -        EPS
articles:api:newsdesk-relate                  -        EPS
articles:api:newsdesk-release                 -        EPS
articles:api:newsdesk-schedule                -        EPS
articles:api:newsdesk-score                   -        EPS
articles:api:newsdesk-story                   VEPOS    -
articles:api:newsdesk-suggestions             VEPOS    -
articles:api:newsdesk-undo                    -        EPS
articles:api:newsdesk-unpin                   -        PS
articles:api:newsdesk-unrelate                -        EPS
articles:api:newsdesk-withdraw                -        PS
articles:api:nothing                          -        -
articles:api:provider                         ANVEPOS  -
articles:api:providers                        ANVEPOS  -
articles:api:schema                           ANVEPOS  -
articles:api:story                            ANVEPOS  -
articles:api:topic                            ANVEPOS  -
articles:api:topics                           ANVEPOS  -
articles:article                              ANVEPOS  -
articles:article-feed                         ANVEPOS  -
articles:favicon                              ANVEPOS  -
articles:front                                ANVEPOS  -
articles:front-feed                           ANVEPOS  -
articles:humans                               ANVEPOS  -
articles:kept-image                           ANVEPOS  -
articles:latest                               ANVEPOS  -
articles:latest-feed                          ANVEPOS  -
articles:news-sitemap                         ANVEPOS  -
articles:provider                             ANVEPOS  -
articles:provider-feed                        ANVEPOS  -
articles:providers                            ANVEPOS  -
articles:robots                               ANVEPOS  -
articles:search                               ANVEPOS  -
articles:search-feed                          ANVEPOS  -
articles:security                             ANVEPOS  -
articles:sitemap                              ANVEPOS  -
articles:sitemap-news                         ANVEPOS  -
articles:sitemap-pages                        ANVEPOS  -
articles:topic                                ANVEPOS  -
articles:topic-feed                           ANVEPOS  -
articles:topics                               ANVEPOS  -
healthz                                       ANVEPOS  -
metrics                                       ANVEPOS  -
password_reset_complete                       ANVEPOS  -
password_reset_confirm                        ANVEPOS  ANVEPOS
password_reset_done                           ANVEPOS  -
readyz                                        ANVEPOS  -
"""
# What a second factor and a provider add, if they are turned on.
OPTIONAL: Final = """
account_login                                 ANVEPOS  ANVEPOS
auth_user_remove_second_factor                -        S
mfa_activate_totp                             NVEPOS   NVEPOS
mfa_authenticate                              NVEPOS   NVEPOS
mfa_deactivate_totp                           -        -
mfa_generate_recovery_codes                   NVEPOS   NVEPOS
mfa_index                                     NVEPOS   -
mfa_view_recovery_codes                       -        -
openid_connect_callback                       -        -
openid_connect_login                          ANVEPOS  -
"""


Table = dict[str, tuple[set[str], set[str]]]


def cells(table: str) -> Table:
    lines = (line.split() for line in table.strip().splitlines())
    return {name: (set(read) - {"-"}, set(send) - {"-"}) for name, read, send in lines}


CELLS: Final = cells(TABLE)
ADDRESSES: Final = addresses()


@pytest.fixture(autouse=True)
def contact(settings: Any) -> None:
    # security.txt exists only with this setting.
    settings.SITE_CONTACT = "https://news.example/contact"


class TestTable:
    def test_names_every_address(self) -> None:
        assert CELLS.keys() == ADDRESSES.keys()

    def test_unknown_admin_path_asks_for_a_login(self) -> None:
        site = Site()
        assert site.client("A").get("/admin/nothing/").status_code == 302
        assert site.client("S").get("/admin/nothing/").status_code == 404

    def test_read(self, subtests: pytest.Subtests) -> None:
        read(subtests, Site(), ADDRESSES, CELLS)

    def test_send(self, subtests: pytest.Subtests) -> None:
        send(subtests, Site(), ADDRESSES, CELLS)

    @pytest.mark.once
    def test_fail_send_without_csrf_token(self, subtests: pytest.Subtests) -> None:
        send_without_token(subtests, Site(), ADDRESSES)


@pytest.mark.once
class TestOptionalSignIn:
    """What a second factor and a provider add."""

    @pytest.fixture(scope="class")
    @classmethod
    def added(
        cls, django_db_setup: None, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[dict[str, str]]:
        with serving() as provider, django_db_blocker.unblock(), turned_on(provider):
            yield {name: one for name, one in addresses().items() if name not in ADDRESSES}

    @pytest.fixture
    def site(self, added: dict[str, str]) -> Site:
        """Return the site, on which everybody has just entered a password."""
        site = Site()
        for letter, user in site.users.items():
            if user:
                session = SessionStore(site.sessions[letter])
                session["account_authentication_methods"] = [
                    {"method": "password", "at": time.time()}
                ]
                session["account_authentication_methods_user"] = str(user.pk)
                session.save()
        return site

    def test_all(self, added: dict[str, str], site: Site, subtests: pytest.Subtests) -> None:
        table = cells(OPTIONAL)
        assert table.keys() == added.keys()
        read(subtests, site, added, table)
        send(subtests, site, added, table)
        send_without_token(subtests, site, added)


def read(subtests: pytest.Subtests, site: Site, patterns: dict[str, str], table: Table) -> None:
    before = everything()
    for name, address in site.each(patterns):
        with subtests.test(name):
            let_in = {user for user in USERS if is_let_in(site.client(user).get(address))}
            assert let_in == table[name][0]
            assert everything() == before


def send(subtests: pytest.Subtests, site: Site, patterns: dict[str, str], table: Table) -> None:
    before = everything()
    for name, address in site.each(patterns):
        with subtests.test(name):
            may = table[name][1]
            for user in sorted(set(USERS) - may):
                assert not is_let_in(site.send(user, name, address)), user
            assert everything() == before
            # These run one after the other, because each may change what the next one sends.
            for user in sorted(may):
                assert is_let_in(site.send(user, name, address)), user


def send_without_token(subtests: pytest.Subtests, site: Site, patterns: dict[str, str]) -> None:
    before = everything()
    for name, address in site.each(patterns):
        with subtests.test(name):
            for method in ("post", "put", "patch", "delete"):
                client = site.client("S", enforce_csrf_checks=True)
                response = getattr(client, method)(address, {})
                assert response.status_code in REFUSED, method
            assert everything() == before


@pytest.mark.once
class TestRedirects:
    @pytest.mark.parametrize(
        "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"]
    )
    def test_stay_on_the_site(self, subtests: pytest.Subtests, target: str) -> None:
        site = Site()
        query = {"next": target, "url": target, "list": target, "_changelist_filters": target}
        for name, address in site.each(ADDRESSES):
            client = site.client("S")
            with subtests.test(name):
                for response in (
                    client.get(address, query),
                    client.post(address, site.sent(name) | query),
                ):
                    location = response.headers.get("Location", "")
                    assert "elsewhere" not in location.partition("?")[0]
                    if not response.streaming:
                        html = response.content.decode(errors="replace")
                        assert not re.search(
                            r'(?:href|action)="(?:https:)?[/\\\\]{2}elsewhere', html
                        )
