"""Webhooks: notify other programs when the public content changes.

Only the worker does this (``articles/tasks.py``), never an editor's request. ``events`` reads the
change feed (``articles/tracking/change_feed.py``) and writes a delivery for each hook; ``delivery``
sends them, at least once and in order for each article. Receivers read ``docs/webhooks.md``.
"""
