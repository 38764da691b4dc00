"""Measure suggestions on the documents of a hub whose links are known.

    python bench/suggestions.py DIR [--late 0.4] [--drift]

Imports the documents of DIR, without ``related``, into a new newsroom on SQLite, computes all
suggestions, and compares them with the links that the documents had: of the latest 40 % by time, those
whose target was published before. For an article count the suggestions that it had when it arrived:
articles published before it.

- "recall" is the part of the links among the first 5 or 10 suggestions, "of each" its mean over
  articles. "MRR" is the mean of one over the place of the first right suggestion of each article.
- "precision" is the part of the first 5 suggestions that are linked, in either direction. Hubs link
  only some of the articles about an event, so it is a lower limit.
- "baseline" is the score that suggestions began with, on all articles within two weeks.
- "newsroom" is what the newsroom stores.
- For "fitted on the other half", the weights were fitted on the links of one half of the time and
  measured on the other half, so that no link was learned from. "newsroom's, same halves" is beside it.
- With --drift, the numbers of articles with each word are made wrong first: the words of some articles
  are counted twice, as if as many had been deleted since, or not at all, as if these had been rewritten.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._hubs import load, newsroom

if TYPE_CHECKING:
    from articles.suggestions.ranking import Likeness

STEPS = 100
MOST_COMPARED = 40

Rankings = Mapping[int, Sequence[int]]
Links = Mapping[int, set[int]]
Vectors = Mapping[int, Mapping[int, "Likeness"]]


@dataclass(frozen=True)
class Hub:
    """The documents of a folder and the links between them, by primary keys of their articles."""

    times: dict[int, float]
    """When each was published, in seconds."""
    links: list[tuple[int, int]]
    """Each link from an article to another one, in the order of time."""

    def earlier(self, links: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for article, target in links:
            if self.times[target] < self.times[article]:
                found[article].add(target)
        return found

    def either_way(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for one, other in self.links:
            found[one].add(other)
            found[other].add(one)
        return found


def copy_without_links(folder: Path, to: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            copy = to / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            copy.write_bytes(without_related(data) if path.suffix == ".md" else data)


def without_related(data: bytes) -> bytes:
    """Return a document without its list of related entries."""
    kept, is_inside = [], False
    for line in data.splitlines(keepends=True):
        if line[:1] not in {b" ", b"\r", b"\n"}:
            is_inside = line.startswith(b"related:")
        if not is_inside:
            kept.append(line)
    return b"".join(kept)


def read_hub(folder: Path) -> Hub:
    """Return the links of the documents in a folder, whose articles are stored."""
    from articles.documents import parse
    from articles.models import SourceDocument

    stored = SourceDocument.objects.values_list("path", "article")
    documents = {pk: parse(path, (folder / path).read_bytes()) for path, pk in stored}
    keys = {document.key: pk for pk, document in documents.items()}
    times = {pk: document.published_at.timestamp() for pk, document in documents.items()}
    links = [
        (pk, keys[entry.key])
        for pk, document in documents.items()
        for entry in document.related
        if keys.get(entry.key, pk) != pk
    ]
    return Hub(times, sorted(links, key=lambda link: (times[link[0]], link)))


def figures(name: str, rankings: Rankings, asked: Links, linked: Links) -> None:
    """Print a row of figures."""
    of_each = {5: 0.0, 10: 0.0}
    found = {5: 0, 10: 0}
    reciprocal = right = shown = 0.0
    for article, targets in asked.items():
        ranking = rankings.get(article, ())
        for count in found:
            hits = len(targets.intersection(ranking[:count]))
            found[count] += hits
            of_each[count] += hits / len(targets)
        places = [place for place, other in enumerate(ranking, 1) if other in targets]
        reciprocal += 1 / places[0] if places else 0
        right += len(linked[article].intersection(ranking[:5]))
        shown += len(ranking[:5])
    links, articles = sum(map(len, asked.values())), len(asked)
    print(
        f"{name:<34}{links:>6}{found[5] / links:>10.3f}{found[10] / links:>10.3f}"
        f"{of_each[5] / articles:>10.3f}{reciprocal / articles:>8.3f}{right / shown:>11.3f}"
    )


def stored_rankings(hub: Hub) -> Rankings:
    """Return the earlier articles that the newsroom suggests for each."""
    from articles import suggestions
    from articles.models import Article

    found = suggestions.for_articles(
        Article.objects.only("pk"), limit=1_000, least=suggestions.LEAST_SCORE
    )
    return {
        pk: [one.other.pk for one in some if hub.times[one.other.pk] < hub.times[pk]]
        for pk, some in found.items()
    }


class Brute:
    """Compares each article with all earlier ones within two weeks."""

    def __init__(self, hub: Hub) -> None:
        from articles.suggestions import loading
        from articles.suggestions.candidates import WINDOW

        self.reports = loading.reports(list(hub.times))
        self.counts = Counter(word for one in self.reports.values() for word in one.words)
        self.pictures = frozenset(loading.rare_pictures(self.reports))
        asked = {article for article, _ in hub.links} | {target for _, target in hub.links}
        self.others = {
            pk: [
                other
                for other, time in hub.times.items()
                if 0 < hub.times[pk] - time <= WINDOW.total_seconds()
            ]
            for pk in sorted(asked)
        }

    def baseline(self) -> Rankings:
        """Rank with the usual cosine and logarithm."""
        weights = {
            word: max(0.05, log(len(self.reports) / count)) for word, count in self.counts.items()
        }

        def cosine(one: frozenset[str], other: frozenset[str]) -> float:
            shared, of_one, of_other = (
                sum(weights[word] ** 2 for word in words) for words in (one & other, one, other)
            )
            return shared / sqrt(of_one * of_other) if shared else 0

        def overlap(one: frozenset[str], other: frozenset[str]) -> float:
            shared, of_one, of_other = (
                sum(weights[word] for word in words) for words in (one & other, one, other)
            )
            return shared / min(of_one, of_other) if shared else 0

        def score(pk: int, other: int) -> float:
            one, its = self.reports[pk], self.reports[other]
            hours = abs((one.at - its.at).total_seconds()) / 3600
            return (
                3 * cosine(one.headline, its.headline)
                + 3 * cosine(one.words, its.words)
                + overlap(one.names, its.names)
                - 0.3 * log(1 + hours)
                + 1.5 * bool(self.pictures & one.pictures & its.pictures)
            )

        return {
            pk: sorted(others, key=lambda other: -score(pk, other))
            for pk, others in self.others.items()
        }

    def vectors(self) -> Vectors:
        from articles.suggestions import ranking
        from articles.suggestions.weights import Weights

        weights = Weights()
        weights.load(self.counts)
        weighed = {pk: ranking.weigh(one, weights.of) for pk, one in self.reports.items()}
        return {
            pk: {
                other: ranking.likeness(weighed[pk], weighed[other], weights.of, self.pictures)
                for other in others
            }
            for pk, others in self.others.items()
        }


def ranked(vectors: Vectors, weights: Likeness) -> Rankings:
    from articles.suggestions.ranking import score

    return {
        pk: sorted(others, key=lambda other: -score(others[other], weights))
        for pk, others in vectors.items()
    }


def fitted(vectors: Vectors, asked: Links) -> Likeness:
    """Return the weights that make the links most likely among what they compete with.

    They start from the newsroom's, which also hold them back: few links tell little.
    """
    from articles.suggestions.ranking import WEIGHTS, Likeness

    names = Likeness.__slots__
    start = [getattr(WEIGHTS, name) for name in names]
    weights, squares = list(start), [1e-8] * len(names)
    best = ranked(vectors, WEIGHTS)
    groups = []
    for pk, targets in asked.items():
        known = [other for other in best[pk] if other in targets]
        others = [other for other in best[pk][:MOST_COMPARED] if other not in targets]
        rows = [
            ([getattr(vectors[pk][other], name) for name in names], other in targets)
            for other in known + others
        ]
        if known:
            groups.append((rows, len(known)))
    for _ in range(STEPS):
        gradient = [0.01 * (weight - first) for weight, first in zip(weights, start, strict=True)]
        for rows, count in groups:
            odds = [exp(sum(w * v for w, v in zip(weights, row, strict=True))) for row, _ in rows]
            total = sum(odds)
            for (row, is_right), odd in zip(rows, odds, strict=True):
                error = (odd / total - is_right / count) / len(groups)
                for place, value in enumerate(row):
                    gradient[place] += error * value
        for place, slope in enumerate(gradient):
            squares[place] += slope * slope
            weights[place] -= 0.1 * slope / sqrt(squares[place])
    return Likeness(*weights)


def measure(folder: Path, late: float) -> None:
    from articles.suggestions.ranking import WEIGHTS

    hub = read_hub(folder)
    linked = hub.either_way()
    asked = hub.earlier(hub.links[int(len(hub.links) * (1 - late)) :])
    print(
        f"\n{'':<34}{'links':>6}{'recall@5':>10}{'recall@10':>10}{'of each@5':>10}{'MRR':>8}"
        f"{'precision@5':>12}"
    )
    brute = Brute(hub)
    figures("baseline", brute.baseline(), asked, linked)
    stored = stored_rankings(hub)
    figures("newsroom", stored, asked, linked)
    every = hub.earlier(hub.links)
    figures("newsroom, links of all times", stored, every, linked)

    vectors = brute.vectors()
    in_order = sorted(asked, key=lambda pk: hub.times[pk])
    middle = hub.times[in_order[len(in_order) // 2]]
    undirected = [(one, other) for one in linked for other in linked[one]]
    learned = hub.earlier(undirected)
    rankings: dict[int, Sequence[int]] = {}
    for is_late in (False, True):
        rest = {pk: some for pk, some in learned.items() if (hub.times[pk] >= middle) != is_late}
        weights = fitted(vectors, rest)
        shown = ", ".join(f"{name} {getattr(weights, name):.2f}" for name in weights.__slots__)
        half = {pk: some for pk, some in asked.items() if (hub.times[pk] >= middle) == is_late}
        its = ranked(vectors, weights)
        rankings |= {pk: its[pk] for pk in half}
        name = "second half" if is_late else "first half"
        figures(f"fitted on the other: {name}", its, half, linked)
        figures(f"newsroom's weights: {name}", ranked(vectors, WEIGHTS), half, linked)
        print(f"    weights: {shown}")
    figures("fitted on the other: both", rankings, asked, linked)
    near_duplicates(hub)


def drift(folder: Path, late: float) -> None:
    """Print the figures with wrong numbers of articles with each word."""
    from articles.models import Article, Word
    from newsroom.stored_words import without_stems

    hub = read_hub(folder)
    asked = hub.earlier(hub.links[int(len(hub.links) * (1 - late)) :])
    columns = Article.objects.order_by("pk").values_list("title_words", "excerpt_words")
    words = [
        {"", *(word for text in texts for word in without_stems(text or "").split())}
        for texts in columns
    ]
    right = Counter(word for some in words for word in some)
    print()
    for what, change in (("counted twice", 1), ("not counted", -1)):
        for share in (0.1, 0.3, 0.5):
            wrong = Counter(right)
            for some in Random(1).sample(words, int(len(words) * share)):
                # The empty word stands for all articles, and rewritten ones are still there.
                wrong.update(dict.fromkeys(some - {""} if change < 0 else some, change))
            rows = [Word(word=word, articles=count) for word, count in wrong.items() if count]
            Word.objects.all().delete()
            Word.objects.bulk_create(rows, batch_size=500)
            compute_again()
            figures(
                f"{share:.0%} of articles {what}", stored_rankings(hub), asked, hub.either_way()
            )


def compute_again() -> None:
    from articles import suggestions
    from articles.models import Article, Pair, Unsuggested

    Pair.objects.all().delete()
    Unsuggested.objects.add(Article.objects.values_list("pk", flat=True))
    suggestions.catch_up()


def near_duplicates(hub: Hub) -> None:
    """Print how many near-duplicates were found in the later half, and by what."""
    from articles.models import Article, Pair

    addresses = Article.objects.values_list("address_key", flat=True)
    same = sum(count - 1 for count in Counter(addresses).values())
    middle = sorted(hub.times.values())[len(hub.times) // 2]
    linked = hub.either_way()
    rows: dict[str, list[Any]] = defaultdict(list)
    for pair in Pair.objects.filter(kind=Pair.Kind.DUPLICATE).select_related("first", "second"):
        if max(hub.times[pair.first_id], hub.times[pair.second_id]) >= middle:
            rows[" and ".join(reason[0] for reason in pair.reasons)].append(pair)
    print(f"\nnear-duplicates of the later half{'pairs':>13}{'two providers':>15}{'linked':>8}")
    print(f"{'baseline: the same address':<34}{same:>12}")
    for why, pairs in sorted(rows.items()):
        between = sum(pair.first.provider_id != pair.second.provider_id for pair in pairs)
        known = sum(pair.second_id in linked[pair.first_id] for pair in pairs)
        print(f"{'same ' + why:<34}{len(pairs):>12}{between:>15}{known:>8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--late", type=float, default=0.4, help="which part of the links (0.4)")
    parser.add_argument("--drift", action="store_true", help="with wrong counts of words, too")
    options = parser.parse_args()
    with newsroom() as folder:
        from articles import suggestions

        copy_without_links(options.folder, folder / "documents")
        load(folder / "documents")
        started = perf_counter()
        articles = suggestions.catch_up()
        taken = perf_counter() - started
        print(f"{articles:,} articles, {taken / max(1, articles) * 1000:.1f} ms for each")
        measure(options.folder, options.late)
        if options.drift:
            drift(options.folder, options.late)


if __name__ == "__main__":
    main()
