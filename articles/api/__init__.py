"""The JSON API: the hub's own addresses, and ``/api/v1/``. Read-only, the same for everybody."""
