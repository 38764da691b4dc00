"""Try a policy, put it in force, or carry on with one that was interrupted."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from articles import heat, newsdesk
from articles.models import Article, PolicyVersion
from articles.newsdesk import Trial
from articles.scoring import Policy
from newsroom.interrupts import INTERRUPTED

NUMBERS: Final = ("threshold", "bonus", "minimum")
KINDS: Final = {
    "published": "would be published",
    "unpublished": "would no longer be published",
    "lead_gained": "would lead a story",
    "lead_lost": "would no longer lead a story",
}


class Command(BaseCommand):
    help = (
        "Put a policy in force and recompute what it changes. Numbers that are left out stay as "
        "they are; without any, an interrupted run goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threshold", type=int, help="heat from which articles are published")
        parser.add_argument("--bonus", type=int, help="heat that each related article adds")
        parser.add_argument("--minimum", type=int, help="quality from which related articles do")
        parser.add_argument("--reason", default="", help="why, for the history of policies")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        given = {name: options[name] for name in NUMBERS if options[name] is not None}
        policy = Policy(**asdict(heat.current_policy()) | given)
        as_json = options["format"] == "json"
        try:
            if options["dry_run"]:
                self._try(policy, as_json)
            elif given:
                version = newsdesk.apply_policy(policy, by=None, reason=options["reason"])
                self._continue(version, as_json)
            else:
                self._continue(PolicyVersion.objects.first(), as_json)
        except newsdesk.RefusedError as error:
            raise CommandError(str(error), returncode=2) from error

    def _try(self, policy: Policy, as_json: bool) -> None:
        # A count costs a walk over the table: only where somebody watches.
        listed = Article.objects.filter(coverage_only=False)
        total = listed.count() if sys.stderr.isatty() else None
        with tqdm(total=total, unit="article", disable=None) as bar:
            trial = newsdesk.try_policy(policy, progress=bar.update)
        self.stdout.write(json.dumps(_as_json(trial)) if as_json else _as_text(trial))
        if trial.changed:
            raise SystemExit(1)

    def _continue(self, version: PolicyVersion | None, as_json: bool) -> None:
        if version is None:
            raise CommandError("No policy was set yet: give numbers.", returncode=2)
        try:
            with tqdm(total=100, unit="%", disable=None) as bar:
                while version.finished_at is None:
                    version = newsdesk.continue_policy(version, seconds=1)
                    bar.update(int(100 * newsdesk.policy_progress(version)) - bar.n)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted: the policy is in force; run again to go on.")
            raise SystemExit(INTERRUPTED) from None
        if as_json:
            report = {"dry_run": False, "version": version.pk, "policy": asdict(version.policy)}
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(f"In force everywhere: {version}")


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
    lines.append(f"{trial.heat_only:,} would change in heat alone")
    lines.append(f"{trial.changed:,} of {trial.looked_at:,} articles would change")
    return "\n".join(lines)
