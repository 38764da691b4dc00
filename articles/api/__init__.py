"""The JSON API: the hub's own URLs, ``/api/v1/`` and, for staff, ``/api/v1/newsdesk/``.

Apart from the newsdesk, it is read-only and the same for everybody.
"""
