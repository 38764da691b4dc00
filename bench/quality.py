"""Measure suggested quality on the documents of a hub.

    python bench/quality.py DIR [--late 0.4]

Imports the documents of DIR into a new newsroom on SQLite, learns from the scores of the earlier 60 % by
time, and prints the mean absolute error on those of the later 40 %: of all, of providers that had scores
before, and of new providers. "of the mean's" is the error divided by that of the provider's mean.

- "provider's mean": the mean of its earlier scores; for new providers the mean of all scores. This is
  the baseline that the newsroom compares with before it suggests anything.
- "record alone": the provider's record of the model without any other fact; for new providers the mean
  over providers.
- "suggested": what the newsroom suggests.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._hubs import load, newsroom


def measure(late: float) -> None:
    from articles.documents import MAX_QUALITY
    from articles.suggestions import linear, quality

    found = quality.scores()
    examples = [one.example for one in found]
    cut = len(examples) - int(len(examples) * late)
    if not 0 < cut < len(examples):
        sys.exit("There are too few scores.")
    earlier, later = examples[:cut], examples[cut:]
    started = perf_counter()
    learned = quality.learn(earlier)
    taken = perf_counter() - started
    print(
        f"learned from {len(earlier):,} scores until {found[cut - 1].at:%Y-%m-%d} in {taken:.2f} s"
    )
    print(f"measured on {len(later):,} scores until {found[-1].at:%Y-%m-%d}")
    known = {one.group for one in earlier}
    parts = {
        "all": later,
        "known providers": [one for one in later if one.group in known],
        "new providers": [one for one in later if one.group not in known],
    }
    models = {
        "provider's mean": linear.means(earlier),
        "record alone": linear.learn(earlier, []),
        "suggested": learned,
    }
    errors = {
        name: [model.error(some, 0, MAX_QUALITY) if some else 0.0 for some in parts.values()]
        for name, model in models.items()
    }
    errors["of the mean's"] = [
        one / mean if mean else 1.0
        for one, mean in zip(errors["suggested"], errors["provider's mean"], strict=True)
    ]
    heads = [f"{name} ({len(some):,})" for name, some in parts.items()]
    print(f"{'mean absolute error':20}", *(f"{head:>24}" for head in heads))
    for name, some in errors.items():
        print(f"{name:20}", *(f"{error:24.2f}" for error in some))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--late", type=float, default=0.4, help="which part of the scores (0.4)")
    options = parser.parse_args()
    with newsroom():
        load(options.folder)
        measure(options.late)


if __name__ == "__main__":
    main()
