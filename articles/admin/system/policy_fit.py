"""The page that finds policies that explain the imported scores, each with a link to preview it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from articles import newsdesk, roles
from articles.admin.decisions.confirmation import answer
from articles.admin.pages import allow
from articles.newsdesk import Fit

MAX_UNEXPLAINED: Final = 20
"""How many of the articles that the best policies do not explain are listed."""


@allow(roles.POLICY, "GET", "HEAD")
def fit_numbers(request: HttpRequest) -> HttpResponse:
    """Show the best policies, and the articles that none of them explains."""
    fit = newsdesk.fit_policy()
    changelist = reverse("admin:articles_policyversion_changelist")
    context = {
        "title": "Numbers that explain the imported scores",
        "trail": [(changelist, "Publishing rule")],
        "fit": fit,
        "scored": f"{fit.scored:,}",
        "rows": _rows(fit),
        "unexplained": _unexplained(fit),
    }
    return answer(request, "policy_fit", context)


def _rows(fit: Fit) -> list[dict[str, object]]:
    preview = reverse("admin:articles_policyversion_try")
    current = fit.current.policy
    others = [one for one in fit.best if one.policy != current]
    return [
        {
            "policy": one.policy,
            "explained": f"{one.explained:,}",
            "percent": round(100 * one.explained / fit.scored, 1) if fit.scored else 0,
            "preview": ""
            if one.policy == current
            else f"{preview}?{urlencode(asdict(one.policy))}",
        }
        for one in [fit.current, *others]
    ]


def _unexplained(fit: Fit) -> list[str]:
    return newsdesk.unexplained(fit.best[0].policy, MAX_UNEXPLAINED) if fit.best else []
