"""Sample stories with one document for each report: deterministic, streamed, with unique names.

File names are unique because every headline has the place of its story, one invented word that no
other place contains, and places take turns. A story's reports lie within LONGEST_STORY, and its
place is used again at least ``len(PLACES)`` documents, or 18 days, later. So two stories with the same
place share no date, and headlines must differ only within one story.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from articles import scoring
from articles.documents import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
    slug_for,
    write,
)
from articles.documents.yaml_text import Extra, Plain
from articles.sample_documents import words
from articles.sample_documents.catalog import DOCUMENT_PROVIDERS

LAST_MOMENT: Final = datetime(2026, 10, 31, 21, 0, tzinfo=UTC)
"""The newest sample's moment by default: fixed, so that documents do not depend on the day."""
PACE: Final = timedelta(days=1) / 150
"""Time between two documents, on average."""
LONGEST_STORY: Final = timedelta(days=5)
"""From the first report of a story to the last."""
MAX_COUNT: Final = 5_000_000
"""Largest number of documents in a run. At PACE they span 91 years; dates start in 1900."""
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The earliest allowed time of the newest sample."""
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Documents are dated before this (``articles/documents/values.py``)."""

PLACES: Final = tuple(
    f"{stem}{ending}" for stem in words.PLACE_STEMS for ending in words.PLACE_ENDINGS
)
_PARENTS: Final = {subject.name: subject.parent for subject in words.SUBJECTS}
# A device suits any storyline, an idea only some.
_STORYLINES: Final = {
    False: words.STORYLINES,
    True: tuple(storyline for storyline in words.STORYLINES if storyline.suits_ideas),
}

# Reports in a story. A document names 1.4 others on average. Real scored documents name 1.3, and more
# than half of them none.
_SIZES: Final = (1,) * 330 + (2,) * 44 + (3,) * 14 + (4,) * 4 + (5, 6, 7, 8, 9, 10, 11, 12)
_IMAGE_SIZES: Final = ((1200, 800), (1200, 630), (1024, 651), (1600, 900), (640, 480), (2048, 1365))
_PATHS: Final = ("{date}/{words}/", "news/{words}-{number}", "{number}/{words}.html", "a/{words}")


_Report = tuple[scoring.Contender, RelatedEntry]
"""One report of a story: how it ranks, and how documents name it."""


def generate(count: int, seed: int, until: datetime = LAST_MOMENT) -> Iterator[tuple[str, bytes]]:
    """Yield the file names and bytes of ``count`` documents, story by story, oldest first.

    The newest is published shortly before ``until``. The same arguments produce the same documents
    on every machine. Memory does not grow with ``count``. Raise ValueError at once if ``count`` is
    not from 1 to MAX_COUNT or ``until`` is not from EARLIEST to
    LATEST.
    """
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"count must be from 1 to {MAX_COUNT:,}, not {count:,}")
    if not EARLIEST <= until < LATEST:
        years = f"from {EARLIEST:%Y-%m-%d} and before {LATEST:%Y-%m-%d}"
        raise ValueError(f"until must be {years}")
    # Samples, not secrets.
    return _generate(count, Random(seed), until)  # noqa: S311


def _generate(count: int, rng: Random, until: datetime) -> Iterator[tuple[str, bytes]]:
    places = list(PLACES)
    rng.shuffle(places)
    written = 0
    story = 0
    while written < count:
        latest = until - (count - written - rng.random()) * PACE
        place = places[story % len(places)]
        storyteller = _Storyteller(rng, place, latest, written, until)
        for slug, document in storyteller.documents(count - written):
            yield f"{slug}.md", write(document)
            written += 1
        story += 1


class _Storyteller:
    """One event and its reports."""

    def __init__(
        self, rng: Random, place: str, latest: datetime, number: int, until: datetime
    ) -> None:
        """``latest`` is the time of the last report, ``number`` a running number."""
        self.rng = rng
        self.latest = latest
        self.until = until
        self.number = number
        self.subject = rng.choice(words.SUBJECTS)
        thing = rng.choice(self.subject.things)
        self.storyline = rng.choice(_STORYLINES[thing.is_idea])
        self.facts = {
            "place": place,
            "things": thing.name,
            "benefit": thing.benefit,
            "risk": rng.choice(self.subject.risks),
            "org": rng.choice(self.subject.organizations),
            "who": rng.choice(words.AUTHORITIES),
            "season": rng.choice(words.SEASONS),
            "months": str(rng.randrange(2, 25)),
            "years": str(rng.randrange(2, 13)),
            "n": str(rng.randrange(6, 93)),
            "count": f"{rng.randrange(30, 9_000):,}",
            "money": f"{rng.randrange(4, 900) / 10:g}",
        }

    def documents(self, most: int) -> Iterator[tuple[str, ArticleDocument]]:
        """Yield the slug and document of at most ``most`` reports; others are only named."""
        reports = self._reports()
        # The best report needs a document: without it the story could not be published.
        written = [one for one in reports if one is reports[0] or not self._chance(0.25)]
        for report in written[:most]:
            related = [other for other in reports if other is not report]
            yield report[0].slug, self._document(report, related)

    def _reports(self) -> list[_Report]:
        """Return the reports, best first."""
        size = self.rng.choice(_SIZES)
        providers = self.rng.sample(DOCUMENT_PROVIDERS, size)
        # Headlines differ within a story, so file names do too.
        headlines = self.rng.sample(self.storyline.headlines, size)
        if self._chance(0.03):
            headlines[-1] = self.rng.choice(words.SHORT_HEADLINES)
        worth = self._about(8, 108)
        if self._chance(0.09):
            worth += self.rng.randrange(70)
        reports = [
            self._report(headline, worth, provider, position)
            for position, (headline, provider) in enumerate(zip(headlines, providers, strict=True))
        ]
        return sorted(reports, key=lambda report: report[0].rank)

    def _report(
        self, headline: str, worth: int, provider: DocumentProvider, position: int
    ) -> _Report:
        rng = self.rng
        is_video = self._chance(0.06)
        title = self._title(headline, is_video=is_video)
        published_at = self.latest
        if position:
            # Cubed, so that most reports are close to the last one.
            draw = rng.random()
            published_at -= LONGEST_STORY * (draw * draw * draw)
        published_at = published_at.replace(microsecond=0)
        number = self.number * 16 + position
        quality = min(154, max(1, worth + self._about(-22, 22)))
        # slug_for uses the URL only for titles without Latin letters. Ours contain a place.
        slug = slug_for(title, published_at, "")
        urls = self._urls(slug, provider, number, is_video=is_video)
        entry = RelatedEntry(
            title=title,
            published_at=published_at,
            provider=provider,
            excerpt=self._excerpt() if self._chance(0.97) else None,
            type="video" if is_video else "article",
            quality=None if self._chance(0.08) else quality,
            images=self._images(provider, number),
            **urls,
        )
        return scoring.Contender(slug, published_at, entry.quality), entry

    def _document(self, report: _Report, related: Sequence[_Report]) -> ArticleDocument:
        rng = self.rng
        contender, entry = report
        receipt = scoring.score(contender, (other for other, _ in related))
        updated_at = entry.published_at + timedelta(minutes=rng.randrange(3, 600))
        return ArticleDocument(
            title=entry.title,
            published_at=entry.published_at,
            provider=entry.provider,
            category="news",
            excerpt=entry.excerpt,
            updated_at=min(updated_at, self.until) if self._chance(0.2) else None,
            original_url=entry.original_url,
            web_url=entry.web_url,
            amp_url=entry.amp_url,
            cdn_amp_url=entry.cdn_amp_url,
            type=entry.type,
            quality=entry.quality,
            heat=receipt.heat,
            published=None if receipt.heat is None else receipt.published,
            featured_content=_player(entry.url) if entry.type == "video" else None,
            topics=self._topics(),
            images=entry.images,
            related=tuple(other for _, other in related),
            secured=self._secured() if self._chance(0.92) else None,
            extra=self._unknown_keys() if self._chance(0.03) else {},
            body=self._body() if self._chance(0.03) else "\n",
            line_end="\r\n" if self._chance(0.2) else "\n",
        )

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _about(self, low: int, high: int) -> int:
        """Return a roughly normal number from ``low`` to ``high``, computed with sums only.

        A normal distribution needs logarithms, whose last bit differs between machines.
        """
        rng = self.rng
        return low + int((high - low + 1) * (rng.random() + rng.random() + rng.random()) / 3)

    def _title(self, headline: str, *, is_video: bool) -> str:
        title = _capitalized(headline.format_map(self.facts))
        if is_video:
            title = self.rng.choice(words.VIDEO_KICKERS) + title
        elif self._chance(0.06):
            title = self.rng.choice(words.KICKERS) + title
        if self._chance(0.01):
            title = f"{title}, {', '.join(words.TAILS)}"
        return title

    def _sentences(self, most: int) -> list[str]:
        own = self.rng.sample(self.storyline.sentences, self.rng.randrange(1, most))
        general = self.rng.choice(words.SENTENCES)
        return [_capitalized(text.format_map(self.facts)) for text in (*own, general)]

    def _excerpt(self) -> str:
        """Return an excerpt, sometimes with the faults of real feeds."""
        text = " ".join(self._sentences(4))
        roughness = self.rng.random()
        if roughness < 0.05:
            return text.replace(". ", ".\n\n", 1)
        if roughness < 0.08:
            return text.replace("“", "&ldquo;").replace("”", "&rdquo;").replace("'", "&#39;")
        if roughness < 0.11:
            return f"{text} More on energy &amp; climate, work &amp; life &raquo;"
        if roughness < 0.16:
            return text.replace(" million", "\u00a0million").replace(". ", ".\u00a0", 1)
        if roughness < 0.45 and len(text) > 140:
            return f"{text[:140].rstrip()}…"
        return text

    def _urls(
        self,
        slug: str,
        provider: DocumentProvider,
        number: int,
        *,
        is_video: bool,
    ) -> dict[str, Any]:
        """Return the URLs of a report by field. No two reports share a URL."""
        if is_video:
            return {"original_url": f"https://clips.example/watch?v={number:09x}"}
        form = _PATHS[len(provider.domain) % len(_PATHS)]
        path = form.format(date=slug[:10].replace("-", "/"), words=slug[11:], number=number)
        if "number" not in form and "date" not in form:
            path = f"{path}-{slug[:10]}"
        address = f"www.{provider.domain}/{path}"
        urls = {"web_url": f"https://{address}"}
        # A provider has AMP pages for all reports or for none.
        if len(provider.name) % 3 == 0:
            urls["amp_url"] = f"https://{address.rstrip('/')}/amp/"
            cache = f"www.{provider.domain}".replace("-", "--").replace(".", "-")
            if self._chance(0.8):
                urls["cdn_amp_url"] = (
                    f"https://{cache}.cdn.amp-cache.example/c/s/{urls['amp_url'][8:]}"
                )
        if self._chance(0.04):
            urls["original_url"] = f"https://go.clips.example/{number:x}"
        return urls

    def _images(self, provider: DocumentProvider, number: int) -> tuple[DocumentImage, ...]:
        rng = self.rng
        draw = rng.random()
        images = []
        for position in range(0 if draw < 0.1 else 1 if draw < 0.93 else 3):
            width, height = rng.choice(_IMAGE_SIZES)
            has_size = self._chance(0.95)
            images.append(
                DocumentImage(
                    f"https://img.{provider.domain}/{number}-{position}.jpg?w={width}&q=80",
                    width if has_size else None,
                    height if has_size else None,
                    title=rng.choice(words.CAPTIONS) if self._chance(0.1) else None,
                    attribution=f"Photo: {provider.name}" if self._chance(0.15) else None,
                    is_cached=self._chance(0.9) if self._chance(0.9) else None,
                )
            )
        return tuple(images)

    def _topics(self) -> tuple[str, ...]:
        """Return one to three topics: the story's own, its parent, a related one."""
        topics = [self.subject.name]
        if self.subject.parent and self._chance(0.8):
            topics.append(self.subject.parent)
        if self._chance(0.5):
            nearby = self.rng.choice(self.subject.nearby)
            topics.append(nearby)
            if len(topics) < 3 and self._chance(0.3):
                topics.append(_PARENTS[nearby] or self.subject.parent or nearby)
        return tuple(dict.fromkeys(topics))

    def _secured(self) -> str:
        """Return random bytes in the form of a source's sealed value."""
        sealed = self.rng.randbytes(16 * self.rng.randrange(16, 27))
        return f"{b64encode(sealed).decode()};{b64encode(self.rng.randbytes(16)).decode()}"

    def _unknown_keys(self) -> dict[str, Extra]:
        if self._chance(0.5):
            return {"readingMinutes": Plain(self.rng.randrange(1, 15))}
        return {"series": f"{self.subject.name} in {self.facts['place']}", "sections": ["Local"]}

    def _body(self) -> str:
        paragraphs = (" ".join(self._sentences(4)) for _ in range(self.rng.randrange(1, 5)))
        return "".join(f"\n{paragraph}\n" for paragraph in paragraphs)


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _player(url: str) -> str:
    key = url.partition("=")[2]
    return (
        f'<iframe width="800" height="450" src="https://player.clips.example/embed/{key}"'
        ' title="Video" allowfullscreen></iframe>'
    )
