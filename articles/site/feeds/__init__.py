"""Feeds of the lists and of every story: RSS 2.0, Atom and JSON Feed 1.1 of one description.

``lists`` says what can be followed, ``entries`` what a feed says of an article, ``formats`` how that is
written, ``views`` answers.
"""
