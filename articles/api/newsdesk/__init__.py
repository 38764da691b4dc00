"""``/api/v1/newsdesk/``: decisions of the staff, through ``articles.newsdesk`` like the admin."""
