"""URLs of the admin's pages, in addition to Django's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from articles.admin.articles import bulk_actions, list_editing, preview, receipts
from articles.admin.decisions import decision_page, duplicates, pairs, queue_page, story, triage
from articles.admin.history import history_page
from articles.admin.images import image_page
from articles.admin.imports import conflicts, import_page, run_files, undo_page
from articles.admin.system import policy, policy_fit, suggested_quality, system_page, webhooks
from articles.admin.users import invitations

ARTICLE: Final = "articles/article/<int:article_id>/"
WEBHOOK: Final = "articles/webhook/<int:pk>/"

VIEWS: Final[list[tuple[str, Callable[..., HttpResponseBase], str]]] = [
    ("articles/article/queue/<slug:key>/", queue_page.queue_page, "queue"),
    ("articles/article/triage/<slug:key>/", triage.triage, "articles_article_triage"),
    ("articles/article/keep/", duplicates.keep_one, "articles_article_keep"),
    ("articles/article/pair/", pairs.judge, "articles_article_pair"),
    (
        "articles/article/suggested-quality/",
        suggested_quality.suggested_quality,
        "articles_article_suggested_quality",
    ),
    ("articles/article/together/<slug:verb>/", bulk_actions.decide, "articles_article_together"),
    ("articles/article/scores/", list_editing.save_scores, "articles_article_scores"),
    ("articles/article/acts/<int:act_id>/undo/", decision_page.undo, "articles_act_undo"),
    ("articles/article/conflicts/", conflicts.conflicts, "articles_article_conflicts"),
    ("articles/article/export/", import_page.export_page, "articles_article_export"),
    (f"{ARTICLE}decide/<slug:verb>/", decision_page.decide, "articles_article_decide"),
    (f"{ARTICLE}history/", history_page.history, "articles_article_history"),
    (
        f"{ARTICLE}history/<int:act_id>/restore/",
        history_page.restore,
        "articles_article_restore",
    ),
    (f"{ARTICLE}images/<int:position>/", image_page.image_page, "articles_article_image"),
    (f"{ARTICLE}preview/", preview.preview, "articles_article_preview"),
    (f"{ARTICLE}receipt/", receipts.receipt_page, "articles_article_receipt"),
    (f"{ARTICLE}resolve/", conflicts.resolve, "articles_article_resolve"),
    (f"{ARTICLE}story/", story.workbench, "articles_article_story"),
    ("articles/importrun/import/", import_page.import_documents, "articles_importrun_import"),
    (
        "articles/importrun/<int:pk>/again/",
        import_page.import_again,
        "articles_importrun_again",
    ),
    (
        "articles/importrun/<int:pk>/cancel/",
        import_page.cancel_import,
        "articles_importrun_cancel",
    ),
    ("articles/importrun/<int:pk>/undo/", undo_page.undo_import, "articles_importrun_undo"),
    ("articles/policyversion/fit/", policy_fit.fit_numbers, "articles_policyversion_fit"),
    ("articles/policyversion/try/", policy.try_numbers, "articles_policyversion_try"),
    ("articles/policyversion/apply/", policy.apply_numbers, "articles_policyversion_apply"),
    ("articles/policyversion/progress/", policy.progress, "articles_policyversion_progress"),
    ("system/", system_page.system, "system"),
    (f"{WEBHOOK}test/", webhooks.send_test, "articles_webhook_test"),
    (f"{WEBHOOK}rotate/", webhooks.rotate, "articles_webhook_rotate"),
    (f"{WEBHOOK}replay/", webhooks.replay, "articles_webhook_replay"),
    ("auth/user/invite/", invitations.invite, "auth_user_invite"),
    ("auth/user/<int:pk>/invite/", invitations.invite_again, "auth_user_invite_again"),
]


_problems: Any = admin.site.admin_view(run_files.problems)
urlpatterns: list[URLPattern] = [
    *(path(route, admin.site.admin_view(view), name=name) for route, view, name in VIEWS),
    *(
        path(
            f"articles/importrun/<int:pk>/problems.{ending}",
            _problems,
            {"ending": ending},
            name=f"articles_importrun_{ending}",
        )
        for ending in run_files.FORMATS
    ),
]
