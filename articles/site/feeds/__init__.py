"""Feeds for lists and stories, as RSS 2.0, Atom and JSON Feed 1.1.

``lists`` names what has a feed, ``entries`` turns articles into entries, and ``formats`` writes
them.
"""
