"""The JSON API: the hub's own addresses, ``/api/v1/`` and, for the staff, its ``newsdesk/``.

Except for the newsdesk it is read-only and the same for everybody.
"""
