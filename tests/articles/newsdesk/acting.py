"""Random decisions on small random worlds, for the newsdesk's property tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from typing import Any

from hypothesis import strategies as st

from articles import heat, newsdesk
from articles.models import Article, Pair
from tests.factories import NOW, make_article, make_pair, make_provider, relate

AT = NOW + timedelta(days=1)
"""The time of every decision in the tests."""
HOUR = timedelta(hours=1)

MOMENTS = st.sampled_from([None, AT - 2 * HOUR, AT - HOUR, AT + HOUR, AT + 2 * HOUR])
QUALITIES = st.sampled_from([None, 40, 49, 50, 55, 60, 60, 69, 70])
# Qualities around the thresholds of the policy, some of them equal.


@dataclass(frozen=True)
class World:
    """Qualities of articles, and links between them by index, in one or both directions."""

    articles: list[dict[str, Any]]
    links: set[tuple[int, int]]

    def make(self) -> list[Article]:
        """Store the articles, scored by the rule."""
        provider = make_provider()
        made = [
            make_article(
                slug=f"article-{index}",
                web_url=f"https://paper.example/{index}",
                provider=provider,
                **values,
            )
            for index, values in enumerate(self.articles)
        ]
        for article, target in sorted(self.links):
            if article != target and not made[article].coverage_only:
                relate(made[article], made[target])
        heat.recompute([article.pk for article in made], at=AT)
        kinds = cycle(Pair.Kind)
        for one, other in pairwise(made):
            make_pair(one, other, kind=next(kinds))
        make_pair(*made[:2], kind=Pair.Kind.DUPLICATE)
        return made


# Few times and qualities, so that ties occur.
_ARTICLES = st.fixed_dictionaries(
    {
        "quality": QUALITIES,
        "published_at": st.sampled_from([NOW, NOW - HOUR, NOW - 2 * HOUR, AT + HOUR]),
        "coverage_only": st.sampled_from([False, False, False, True]),
    }
).map(lambda values: values | ({"quality": None} if values["coverage_only"] else {}))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return worlds of four to six articles, most of which are linked."""
    articles = draw(st.lists(_ARTICLES, min_size=4, max_size=6))
    index = st.integers(0, len(articles) - 1)
    return World(articles, draw(st.sets(st.tuples(index, index), min_size=4, max_size=14)))


@dataclass(frozen=True)
class Step:
    """One decision: its verb, its articles (by index) and its values."""

    verb: str
    index: int
    others: tuple[int, ...]
    quality: int | None
    begin: datetime | None
    end: datetime | None

    def change(self, articles: list[Article]) -> newsdesk.Change:
        """Return the change for the stored articles; may raise ``RefusedError``."""
        now = list(Article.objects.order_by("slug").select_related("provider"))
        one = now[self.index % len(now)]
        others = [now[other % len(now)] for other in self.others]
        match self.verb:
            case "score":
                return newsdesk.set_quality(one, self.quality)
            case "publish" | "hold":
                return getattr(newsdesk, self.verb)(one, until=self.end)  # type: ignore[no-any-return]
            case "withdraw" | "release" | "pin" | "unpin":
                return getattr(newsdesk, self.verb)(one)  # type: ignore[no-any-return]
            case "schedule":
                return newsdesk.schedule(one, begin=self.begin, end=self.end)
            case "relate" | "unrelate" | "refuse":
                return getattr(newsdesk, self.verb)(one, others)  # type: ignore[no-any-return]
            case "merge":
                return newsdesk.merge(
                    newsdesk.story_of(one, AT).members,
                    newsdesk.story_of(others[0], AT).members if others else [],
                )
            case "split":
                return newsdesk.split(others, newsdesk.story_of(one, AT).members)
            case "edit":
                return newsdesk.edit(one, title=f"Title {self.quality}")
            case "together":
                return newsdesk.together(_scored({one, *others}, self.quality))
        raise ValueError(self.verb)


def _scored(articles: set[Article], quality: int | None) -> list[newsdesk.Change]:
    changes = []
    for article in articles:
        try:
            changes.append(newsdesk.set_quality(article, quality))
        except newsdesk.RefusedError:
            continue
    return changes


VERBS = (
    *("score", "publish", "hold", "withdraw", "release", "schedule", "pin", "unpin"),
    *("relate", "unrelate", "merge", "split", "refuse", "edit", "together"),
)
steps = st.builds(
    Step,
    verb=st.sampled_from(VERBS),
    index=st.integers(0, 5),
    others=st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple),
    quality=QUALITIES,
    begin=MOMENTS,
    end=MOMENTS,
)
