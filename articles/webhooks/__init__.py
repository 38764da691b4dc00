"""Web hooks: other programs are told when what readers see changes.

The worker alone does it (``articles/tasks.py``), never an editor's request: ``noting`` reads what the
database noted (``articles/tracking/change_feed.py``) and writes a delivery for each hook; ``sending`` sends what is
due, at least once and in order for each article. ``docs/webhooks.md`` says what a receiver sees.
"""
