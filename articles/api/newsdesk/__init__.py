"""``/api/v1/newsdesk/``: what the staff reads and does, through ``articles.newsdesk`` as the admin."""
