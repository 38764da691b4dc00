"""One table of every decision, role and state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from articles import newsdesk
from articles.models import Act, Article
from articles.newsdesk import Verb
from articles.roles import ROLES, Role
from tests.articles.states import CASES, Case
from tests.factories import make_article, make_user, relate

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

# E: Editors and Publishers, P: only Publishers, -: nobody, because the state does not allow it.
# Viewers and Operators may do none of this. The permissions of a release are below.
TABLE: Final = """
             published superseded below not_scored coverage_only held withdrawn scheduled expired
score        E         E          E     E          -             E    E         E         E
publish      P         P          P     P          -             P    P         P         P
hold         E         E          E     E          E             E    -         E         E
withdraw     P         P          P     P          -             P    -         P         P
schedule     E         E          E     E          -             E    -         E         E
pin          P         P          P     -          -             -    -         P         P
unpin        P         P          P     P          P             P    P         P         P
relate       E         E          E     E          E             E    E         E         E
unrelate     E         E          E     E          E             E    E         E         E
merge        E         E          E     E          E             E    E         E         E
split        E         E          E     E          E             E    E         E         E
refuse       E         E          E     E          E             E    E         E         E
edit         E         E          E     E          -             E    E         E         E
"""
RELEASES: Final = {"": "-", "hold": "E", "publish": "P", "withdraw": "P"}
"""A release needs the permission for the decision that it ends."""
MAY: Final = {"E": {Role.EDITOR, Role.PUBLISHER}, "P": {Role.PUBLISHER}, "-": set[Role]()}
NOT_TRANSITIONS: Final = {Verb.RESOLVE, Verb.RESTORE, Verb.UNDO, Verb.UNIMPORT}
"""These decisions need permissions for the fields they change; see their own tests."""


def _read_table() -> dict[tuple[Verb, Article.State], str]:
    head, *lines = TABLE.strip().splitlines()
    states = [Article.State(word) for word in head.split()]
    return {
        (Verb(line.split()[0]), state): mark
        for line in lines
        for state, mark in zip(states, line.split()[1:], strict=True)
    }


CELLS: Final = _read_table()


def expected(verb: Verb, article: Article) -> str:
    if verb is Verb.RELEASE:
        return RELEASES[article.decision]
    return CELLS[verb, article.state]


def _other() -> Article:
    return make_article(slug="other")


def _related(article: Article) -> Article:
    other = _other()
    relate(other, article)
    return other


def _pinned(article: Article) -> Article:
    Article.objects.filter(pk=article.pk).update(is_pinned=True)
    article.refresh_from_db()
    return article


STATES: Final = {case.state: case for case in reversed(CASES)}.values()
"""One case of each state: roles depend on nothing else."""
SOON: Final = timedelta(minutes=20)
# Each decision changes something.
CHANGES: Final[dict[Verb, Callable[[Article], newsdesk.Change]]] = {
    Verb.SCORE: lambda one: newsdesk.set_quality(one, 33),
    Verb.PUBLISH: lambda one: newsdesk.publish(one, until=timezone.now() + SOON),
    Verb.HOLD: lambda one: newsdesk.hold(one, until=timezone.now() + SOON),
    Verb.WITHDRAW: newsdesk.withdraw,
    Verb.RELEASE: newsdesk.release,
    Verb.SCHEDULE: lambda one: newsdesk.schedule(one, begin=timezone.now() + SOON, end=None),
    Verb.PIN: newsdesk.pin,
    Verb.UNPIN: lambda one: newsdesk.unpin(_pinned(one)),
    Verb.RELATE: lambda one: newsdesk.relate(one, [_other()]),
    Verb.UNRELATE: lambda one: newsdesk.unrelate(one, [_related(one)]),
    Verb.MERGE: lambda one: newsdesk.merge([one], [_other()]),
    Verb.SPLIT: lambda one: newsdesk.split([one], [_related(one)]),
    Verb.REFUSE: lambda one: newsdesk.refuse(one, [_other()]),
    Verb.EDIT: lambda one: newsdesk.edit(one, title="Another title"),
}


class TestTable:
    def test_names_every_transition_and_state(self) -> None:
        transitions = set(Verb) - NOT_TRANSITIONS
        assert set(CHANGES) == transitions
        assert set(CELLS) == {
            (verb, state) for verb in transitions - {Verb.RELEASE} for state in Article.State
        }
        assert {case.state for case in CASES} == set(Article.State)

    @pytest.mark.parametrize("case", CASES, ids=str)
    @pytest.mark.parametrize("verb", CHANGES)
    def test_state_allows(self, verb: Verb, case: Case) -> None:
        article = case.make()
        if expected(verb, article) == "-":
            with pytest.raises(newsdesk.RefusedError, match=article.slug):
                CHANGES[verb](article)
            assert Act.objects.count() == 0
        else:
            change = CHANGES[verb](article)
            assert not newsdesk.refusal(verb, article)
            assert newsdesk.perform(change, by=None).verb == verb

    @pytest.mark.once
    @pytest.mark.parametrize("role", [None, *Role], ids=str)
    @pytest.mark.parametrize("case", STATES, ids=str)
    def test_role_may(self, case: Case, role: Role | None) -> None:
        user = make_user(*[role] if role else [])
        for verb, make_change in CHANGES.items():
            article = case.make(slug=f"{verb}-{role}")
            may = MAY[expected(verb, article)]
            try:
                change = make_change(article)
            except newsdesk.RefusedError:
                assert not may
                continue
            finally:
                Article.objects.filter(slug="other").update(slug=f"other-{verb}")
            assert newsdesk.may(user, change) == (role in may), verb
            assert not newsdesk.may(AnonymousUser(), change)
            if role in may:
                assert newsdesk.perform(change, by=user).by == user
            else:
                before = Article.objects.values().get(pk=article.pk)
                with pytest.raises(PermissionDenied):
                    newsdesk.perform(change, by=user)
                assert Article.objects.values().get(pk=article.pk) == before

    def test_groups_have_what_the_table_says(self) -> None:
        make_user()
        for role, permissions in ROLES.items():
            stored = Group.objects.get(name=role).permissions
            names = stored.values_list("content_type__app_label", "codename")
            assert {".".join(name) for name in names} == permissions
