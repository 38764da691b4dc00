"""Preview a policy, apply it, or continue an interrupted run."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from articles import heat, newsdesk
from articles.models import Article, PolicyVersion
from articles.newsdesk import Trial
from articles.scoring import Policy
from newsroom.commands import USAGE, ReportCommand
from newsroom.interrupts import stop_on_signal

KINDS: Final = {
    "published": "would be published",
    "unpublished": "would no longer be published",
    "lead_gained": "would lead a story",
    "lead_lost": "would no longer lead a story",
}


class Command(ReportCommand):
    help = (
        "Apply a policy and recompute the articles that it changes. Numbers that you leave out stay "
        "as they are. Without numbers, continue an interrupted run."
    )

    dry_run_help = "only list what would change"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threshold", type=int, help="heat from which articles are published")
        parser.add_argument("--bonus", type=int, help="heat that each related article adds")
        parser.add_argument("--minimum", type=int, help="quality from which they add it")
        parser.add_argument("--reason", default="", help="why, for the history of policies")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        current = asdict(heat.current_policy())
        given = {name: options[name] for name in current if options[name] is not None}
        policy = Policy(**current | given)
        try:
            if options["dry_run"]:
                self._try(policy, options)
            elif given:
                version = newsdesk.apply_policy(policy, by=None, reason=options["reason"])
                self._continue(version, options)
            else:
                self._continue(PolicyVersion.objects.first(), options)
        except newsdesk.RefusedError as error:
            raise CommandError(str(error), returncode=USAGE) from error

    def _try(self, policy: Policy, options: dict[str, Any]) -> None:
        # Count only for a progress bar, because counting reads the whole table.
        listed = Article.objects.filter(coverage_only=False)
        total = listed.count() if sys.stderr.isatty() else None
        with tqdm(total=total, unit="article", disable=None) as bar:
            trial = newsdesk.try_policy(policy, progress=bar.update)
        self.report(options, lambda: _as_json(trial), lambda: _as_text(trial))
        if trial.changed:
            raise SystemExit(1)

    def _continue(self, version: PolicyVersion | None, options: dict[str, Any]) -> None:
        if version is None:
            raise CommandError(
                "There is no policy to continue: give --threshold, --bonus or --minimum.",
                returncode=USAGE,
            )
        with stop_on_signal() as stopping, tqdm(total=100, unit="%", disable=None) as bar:
            while version.finished_at is None and not stopping.is_set():
                version = newsdesk.continue_policy(version, seconds=1)
                bar.update(int(100 * newsdesk.policy_progress(version)) - bar.n)
        if version.finished_at is None:
            message = "The new policy is in force; run again to finish."
            self.end_if_stopped(stopping.status, message)
        done = version
        self.report(
            options,
            lambda: {"dry_run": False, "version": done.pk, "policy": asdict(done.policy)},
            lambda: f"In force everywhere: {done}",
        )


def _as_json(trial: Trial) -> dict[str, Any]:
    kinds = {
        kind: {
            "count": group.count,
            "articles": [
                {
                    "slug": one.slug,
                    "heat": one.before.heat,
                    "policy_heat": one.after.heat,
                    "why": str(one.receipt),
                }
                for one in group.examples
            ],
        }
        for kind, group in trial.groups.items()
    }
    counts = {name: getattr(trial, name) for name in ("looked_at", "changed", "heat_only")}
    return {"dry_run": True, "policy": asdict(trial.policy), **counts, **kinds}


def _as_text(trial: Trial) -> str:
    lines = []
    for kind, group in trial.groups.items():
        lines.append(f"{group.count:,} {KINDS[kind]}")
        lines += [
            f"  {one.slug}: heat {one.before.heat}, then {one.after.heat}: {one.receipt}"
            for one in group.examples
        ]
        if group.count > len(group.examples):
            lines.append("  ...")
    lines.append(f"{trial.heat_only:,} would only change in heat")
    lines.append(f"{trial.changed:,} of {trial.looked_at:,} articles would change")
    return "\n".join(lines)
