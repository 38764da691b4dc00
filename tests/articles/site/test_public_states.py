"""One table of what readers see of an article in each state at every public URL.

No answer contains words of a draft, and its own URL answers exactly like a missing page.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from itertools import chain
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles import newsdesk
from articles.models import Article, Image, Topic
from providers.models import Provider
from tests.articles.site.public_pages import NOWHERE, PUBLIC, Place, answer
from tests.articles.states import CASES, HOUR, Case, names
from tests.factories import (
    make_article,
    make_provider,
    make_topic,
    make_user,
    relate,
)

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

# Which words of an article in which state appear at which URL: its own, that of the published lead
# that supersedes or links to it, or that of another story of its topic and provider. Articles in
# other states appear nowhere.
#
#                               nobody names it         a published lead names it
# address               whose   published  superseded   published  superseded  draft
TABLE: Final = """
articles:api:article    own     page       -            page       -           -
articles:api:article    lead    -          -            entry      line        line
articles:api:docs       own     -          -            -          -           -
articles:api:hub        own     page       -            page       -           -
articles:api:hub-page   own     page       -            page       -           -
articles:api:hub-topic  own     page       -            page       -           -
articles:api:hub-topic  lead    -          -            -          -           -
articles:api:hub-topic-page own page       -            page       -           -
articles:api:news       own     card       -            card       line        line
articles:api:nothing    own     -          -            -          -           -
articles:api:provider   own     -          -            -          -           -
articles:api:providers  own     -          -            -          -           -
articles:api:schema     own     -          -            -          -           -
articles:api:story      own     page       -            page       -           -
articles:api:story      lead    -          -            entry      line        line
articles:api:topic      own     -          -            -          -           -
articles:api:topics     own     -          -            -          -           -
articles:article        own     page       -            page       -           -
articles:article        lead    -          -            line       line        line
articles:article        other   mention    -            mention    -           -
articles:article-feed   own     card       -            card       -           -
articles:article-feed   lead    -          -            entry      entry       entry
articles:favicon        own     -          -            -          -           -
articles:front          own     card       -            card       line        line
articles:front-feed     own     card       -            card       line        line
articles:humans         own     -          -            -          -           -
articles:kept-image     own     -          -            -          -           -
articles:latest         own     card       -            card       line        line
articles:latest-feed    own     card       -            card       line        line
articles:news-sitemap   own     news       -            news       -           -
articles:provider       own     card       line         card       line        -
articles:provider       lead    -          -            line       line        line
articles:provider-feed  own     card       -            card       -           -
articles:provider-feed  lead    -          -            line       line        line
articles:providers      own     -          -            -          -           -
articles:robots         own     -          -            -          -           -
articles:search         own     card       -            card       -           -
articles:search         lead    -          -            line       line        line
articles:search-feed    own     card       -            card       -           -
articles:search-feed    lead    -          -            line       line        line
articles:security       own     -          -            -          -           -
articles:sitemap        own     -          -            -          -           -
articles:sitemap-news   own     address    -            address    -           -
articles:sitemap-pages  own     -          -            -          -           -
articles:topic          own     card       line         card       line        -
articles:topic          lead    -          -            line       line        line
articles:topic-feed     own     card       -            card       -           -
articles:topic-feed     lead    -          -            line       line        line
articles:topics         own     -          -            -          -           -
"""
COLUMNS: Final = ("published", "superseded", "published+", "superseded+", "draft+")
ROWS: Final = [
    (name, whose, dict(zip(COLUMNS, cells, strict=True)))
    for name, whose, *cells in map(str.split, TABLE.strip().splitlines())
]

WORDS: Final = (
    "title",
    "excerpt",
    "body",
    "featured",
    "caption",
    "credit",
    "picture",
    "reason",
    "path",
    "slug",
    "rival",
)
"""An article's canaries by field; rival: the unpublished lead."""
_LINE: Final = {"title", "path"}
_CARD: Final = {"title", "excerpt", "slug"}
_PICTURES: Final = {"caption", "credit", "picture"}
SHOWN: Final[dict[str, tuple[set[str], set[str]]]] = {
    "-": (set(), set()),
    "line": (_LINE, _LINE),
    "mention": ({"title", "slug"}, {"title", "slug"}),
    "card": (_CARD, _CARD | _LINE | _PICTURES),
    "address": ({"slug"}, {"slug"}),
    "news": ({"slug", "title"}, {"slug", "title", "picture"}),
    # A feed needs an id for each report: the URL that it has, or would have once published.
    "entry": (_LINE | {"slug"}, _LINE | {"slug"}),
    "page": (_LINE | {"excerpt", "body"}, _CARD | _LINE | _PICTURES | {"body", "featured"}),
}
"""The meaning of a cell: the words that must appear and the words that may appear."""

NARROWED: Final[list[dict[str, str]]] = [
    {"topic": "own"},
    {"q": "murmur", "order": "best"},
    {"q": "story", "minimumHeat": "0", "topic": "own"},
    {"type": "article", "since": "2000-01-01"},
]
PAGED: Final = [f"articles:{name}" for name in ("front", "latest", "topic", "provider", "search")]


def canary(word: str) -> str:
    return f"zq{word}qz"


class World:
    """An article in a state, its story if any, and another story.

    With ``beside``, the article joins the topic, provider and lead of that world.
    """

    def __init__(self, case: Case, *, is_named: bool, beside: World | None = None) -> None:
        if beside:
            topic, provider = beside.places["own"].topic, beside.places["own"].provider
        else:
            topic, provider = make_topic("Own"), make_provider(name="Own")
        # Dated today, because some URLs list only the last days.
        today = timezone.now() - HOUR
        self.article = case.make(
            title=f"{canary('title')} murmur",
            excerpt=canary("excerpt"),
            body=canary("body"),
            featured_content=f"<p>{canary('featured')}</p>",
            decision_reason=canary("reason"),
            web_url=f"https://paper.example/{canary('path')}/{case}",
            slug=f"2026-03-01-{canary('slug')}-{case}",
            published_at=today,
            topics=(topic,),
            provider=provider,
        )
        image = {"title": canary("caption"), "attribution": canary("credit")}
        Image.objects.create(
            article=self.article,
            position=0,
            url=f"https://pictures.example/{canary('picture')}.jpg",
            **image,
        )
        rival = Article.objects.filter(named_by_links__article=self.article).first()
        if rival and case.lead:
            rival.title = rival.excerpt = rival.body = canary("rival")
            rival.save()
        if beside:
            places = beside.places | {"own": Place(self.article, topic, provider)}
        else:
            lead = rival if rival and case.status == 302 else make_article(quality=95)
            Article.objects.filter(pk=lead.pk).update(title="Leading", published_at=today)
            leads_topic = make_topic("Lead's")
            leads_topic.article_links.create(article=lead, position=0)
            other = make_article(topics=(topic,), provider=provider, published_at=today)
            places = {
                "own": Place(self.article, topic, provider),
                "lead": Place(lead, leads_topic, lead.provider),
                "other": Place(other, topic, provider),
            }
        self.places: dict[str, Place] = places
        if is_named:
            relate(places["lead"].article, self.article)
        self.case = case
        self.is_named = is_named
        self.column = column_of(case, is_named=is_named)

    def addresses(self, name: str, whose: str) -> list[str]:
        """Return the URLs of a row of the table."""
        query = {"own": "?q=murmur", "lead": "?q=leading"}[whose] if "search" in name else ""
        return [address + query for address in self.places[whose].addresses(name)]

    def asked(self) -> list[tuple[str, dict[str, str]]]:
        """Return requests that try to find out whether an article exists."""
        article, own = self.article, self.places["own"]
        moment = article.published_at.isoformat().replace("+00:00", "Z")
        rank = f"{article.top_rank!r}"
        words = [*map(canary, ("title", "excerpt", "body", "reason")), article.slug, article.url]
        lead = self.places["lead"].all_addresses() if self.is_named else ()
        return [
            *((address, {}) for address in dict.fromkeys([*own.all_addresses(), *lead])),
            *(
                (
                    address,
                    {"after": f"{rank if name == 'articles:front' else moment},{article.slug}"},
                )
                for name in PAGED
                for address in own.addresses(name)
            ),
            (article.get_absolute_url(), {"part": "2"}),
            *((reverse("articles:search"), {"q": word}) for word in words),
            (reverse("articles:search-feed", args=["atom"]), {"q": words[0]}),
            *((reverse("articles:search"), narrowed) for narrowed in NARROWED),
        ]


def column_of(case: Case, *, is_named: bool) -> str:
    """Return the column of the table, or a blank if readers may see nothing."""
    facts = case.overrides
    is_out = (
        facts.get("decision") in {"hold", "withdraw"}
        or facts.get("publish_from") == HOUR
        or facts.get("publish_until") == -HOUR
        or facts.get("published_at") == HOUR
    )
    kind = {200: "published", 302: "superseded"}.get(case.status, "" if is_out else "draft")
    if is_named:
        return kind and f"{kind}+"
    return "" if kind == "draft" else kind


def make_worlds(cases: Iterable[Case], *, is_named: bool) -> list[World]:
    """Make a world of each case; they share their topic, provider and lead, and so most URLs."""
    worlds: list[World] = []
    for case in cases:
        worlds.append(World(case, is_named=is_named, beside=worlds[0] if worlds else None))
    return worlds


def words_in(client: Client, address: str) -> set[str]:
    """Return the canaries found in a URL's response."""
    text = repr(answer(client, address)).lower()
    return {word for word in WORDS if canary(word) in text}


def those(*, seen: bool) -> pytest.MarkDecorator:
    """Return the cases of a column of the table, alone and as coverage, or those of no column.

    PostgreSQL gets each case once, as coverage if it can be.
    """
    chosen = []
    for case in CASES:
        ways = [way for way in (False, True) if bool(column_of(case, is_named=way)) is seen]
        for is_named in ways:
            marks = [] if is_named is ways[-1] else [pytest.mark.once]
            name = f"{case}-{'named' if is_named else 'alone'}"
            chosen.append(pytest.param(case, is_named, id=name, marks=marks))
    return pytest.mark.parametrize(("case", "is_named"), chosen)


class TestTable:
    def test_names_every_public_address(self) -> None:
        assert {name for name, _, _ in ROWS} == PUBLIC.keys()

    def test_has_every_state(self) -> None:
        found = {column_of(case, is_named=is_named) for case in CASES for is_named in (False, True)}
        assert found == {"", *COLUMNS}

    @those(seen=True)
    def test_holds(self, client: Client, case: Case, is_named: bool) -> None:
        world = World(case, is_named=is_named)
        for name, whose, cells in ROWS:
            least, most = SHOWN[cells[world.column]]
            for address in world.addresses(name, whose):
                found = words_in(client, address)
                assert least <= found <= most, (address, found)

    def test_topics_and_publishers_with_only_drafts_are_not_listed(self, client: Client) -> None:
        for case in CASES:
            topic, provider = make_topic(f"About-{case}."), make_provider(name=f"By-{case}.")
            case.make(topics=(topic,), provider=provider)

        def named(path: str, form: str) -> set[str]:
            html = client.get(path).content.decode()
            return {case.name for case in CASES if form.format(case) in html}

        assert named("/topics/", "About-{}.") == names(200) | names(302)
        assert named("/providers/", "By-{}.") == names(200) | names(302)
        assert named("/", "About-{}.") == names(200)


def canaries_told(client: Client) -> list[str]:
    """Return the canaries found in all updates and in recent ones."""
    told = ""
    for since in ("", "2000-01-01T00:00:00Z"):
        response = client.get(reverse("articles:api:news"), {"updatedSince": since})
        assert response.status_code == 200
        following = parse_qs(urlsplit(response.json()["next"]).query)["updatedSince"][0]
        told += repr(response.content) + urlsafe_b64decode(following + "==").decode()
    return [word for word in WORDS if canary(word) in told.lower()]


class TestNobodyLearns:
    """No response reveals that an unpublished article exists."""

    @pytest.mark.parametrize("is_named", [pytest.param(False, marks=pytest.mark.once), True])
    def test_hidden_articles_change_no_answer(self, client: Client, is_named: bool) -> None:
        """All of them at once: each case on its own would ask the same lists again."""
        hidden = [case for case in CASES if not column_of(case, is_named=is_named)]
        worlds = make_worlds(hidden, is_named=is_named)
        questions = {str(asked): asked for world in worlds for asked in world.asked()}.values()
        before = [answer(client, *question) for question in questions]
        for was, (address, query) in zip(before, questions, strict=True):
            # A response may repeat the request.
            unasked = [canary(word) for word in WORDS if canary(word) not in str(query)]
            assert not [word for word in unasked if word in repr(was).lower()], (address, query)
        for world in worlds:
            world.article.delete()
        for was, question in zip(before, questions, strict=True):
            assert was == answer(client, *question), question

    @those(seen=False)
    def test_hidden_articles_are_not_in_updates(
        self, client: Client, case: Case, is_named: bool
    ) -> None:
        """Return the updates for copies, and the URL of the next ones."""
        world = World(case, is_named=is_named)
        # The removal of an article that was public is reported by its slug.
        is_dated = case.overrides.get("published_at") == HOUR
        known = ["slug"] if case.state == Article.State.EXPIRED and not is_dated else []
        assert canaries_told(client) == known
        world.article.delete()
        assert canaries_told(client) == []

    @pytest.mark.once
    def test_hidden_articles_answer_like_missing_ones(self, client: Client) -> None:
        queries: list[dict[str, str]] = [{}, {"part": "2"}, {"after": "x"}, {"q": "murmur"}]
        asked = [(query, method) for query in queries for method in ("get", "head")]
        hidden = {case: case.make() for case in CASES if case.status == 404}
        for article in hidden.values():
            relate(make_article(), article)
        for name in ("article", "article-feed", "api:article", "api:story"):
            name = f"articles:{name}"
            none = Place(Article(slug=NOWHERE), Topic(), Provider()).addresses(name)
            nowhere = [[answer(client, one, *question) for question in asked] for one in none]
            for case, article in hidden.items():
                own = Place(article, Topic(), Provider()).addresses(name)
                for address, missing in zip(own, nowhere, strict=True):
                    found = [answer(client, address, *question) for question in asked]
                    assert found == missing, (case, address)
                    for (query, _), (status, *_) in zip(asked, found, strict=True):
                        # The API refuses unknown parameters before it looks for the article.
                        assert status in ({400, 404} if query else {404}), (case, address)
                    # answer() leaves these headers out.
                    headers = client.get(address).headers
                    assert not {"ETag", "Last-Modified"} & headers.keys(), (case, address)


SUPERSEDED: Final = next(case for case in CASES if case.status == 302)


class TestSuperseded:
    def test_url_redirects_to_the_lead(self, client: Client) -> None:
        world = World(SUPERSEDED, is_named=True)
        lead = world.places["lead"].article
        # The API's article/ has only leads; its story/ has the other reports.
        for name in ("articles:article", "articles:article-feed", "articles:api:story"):
            for address in world.places["own"].addresses(name):
                for method in ("get", "head"):
                    status, _, headers, body = answer(client, address, method=method)
                    assert (status, body) == (302, b"")
                    assert headers["Location"] == address.replace(world.article.slug, lead.slug)

    def test_is_listed_as_coverage(self, client: Client) -> None:
        world = World(SUPERSEDED, is_named=False)
        lead = world.places["lead"].article
        for name in ("articles:topic", "articles:provider"):
            (address,) = world.places["own"].addresses(name)
            html = client.get(address).content.decode()
            # Its headline links to the original; below it, the lead's headline links to the story.
            told = html.partition(canary("title"))[2].partition("</article>")[0]
            assert "Coverage of" in told
            assert f'href="{lead.get_absolute_url()}"' in told


class TestWithdrawn:
    """A withdrawn article answers 410 only if it has been public."""

    def withdraw(self, article: Article) -> None:
        article.refresh_from_db()
        newsdesk.perform(newsdesk.withdraw(article), by=None, reason=canary("reason"))

    @pytest.mark.once
    def test_answers_410_if_it_was_public(self, client: Client) -> None:
        states = newsdesk.VERBS[newsdesk.Verb.WITHDRAW].states
        possible = [one for one in CASES if one.state in states and one.state != "withdrawn"]
        worlds = make_worlds(possible, is_named=True)
        for world in worlds:
            self.withdraw(world.article)
        for world in worlds:
            case = world.case
            is_dated = case.overrides.get("published_at") == HOUR
            was_seen = case.status == 200 or (case.state == Article.State.EXPIRED and not is_dated)
            address = world.article.get_absolute_url()
            for method in ("get", "head"):
                expected = 410 if was_seen else 404
                assert answer(client, address, method=method)[0] == expected, case
        pages = (world.addresses(name, whose) for world in worlds for name, whose, _ in ROWS)
        for asked in sorted(set(chain.from_iterable(pages))):
            assert words_in(client, asked) == set(), asked

    def test_withdrawn_before_the_embargo_ended_answers_like_missing(self, client: Client) -> None:
        article = make_article(publish_from=timezone.now() + HOUR)
        self.withdraw(article)

        none = answer(client, f"/news/{NOWHERE}/")
        assert answer(client, article.get_absolute_url()) == none


@pytest.mark.once
class TestEverybody:
    def test_sees_the_same(self, client: Client) -> None:
        """Without the cache, every user still gets the same bytes."""
        world = World(CASES[0], is_named=True)
        questions = [*world.asked(), (f"/news/{NOWHERE}/", {})]
        anonymous = [answer(client, *question) for question in questions]
        cache.clear()
        client.force_login(make_user(username="Zanzibar", is_superuser=True))
        for was, question in zip(anonymous, questions, strict=True):
            now = answer(client, *question)
            assert now == was, question
            assert not {"Set-Cookie"} & now[2].keys()
            assert "Cookie" not in now[2].get("Vary", "")

    @pytest.mark.parametrize("name", ["published", "superseded", "held"])
    def test_head_answers_as_get(self, client: Client, name: str) -> None:
        case = next(case for case in CASES if case.name == name)
        world = World(case, is_named=True)
        for address in world.places["own"].all_addresses():
            get, head = (answer(client, address, method=method) for method in ("get", "head"))
            assert head[:3] == get[:3], address
            assert head[3] == b""


# Few values, so that ties occur, and heat that only documents can give.
