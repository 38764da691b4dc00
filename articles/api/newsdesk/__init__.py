"""``/api/v1/newsdesk/``: decisions by staff. Like the admin, it uses ``articles.newsdesk``."""
