"""Webhooks: notify other programs when the public content changes.

Only the worker does this (``articles/tasks.py``), never an editor's request. ``events`` reads the
change feed (``articles/tracking/change_feed.py``) and writes a delivery for each hook. ``delivery``
sends each one at least once, in order for each article. ``docs/webhooks.md`` is for receivers.
"""
