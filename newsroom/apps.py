"""The app of the admin."""

from django.contrib.admin.apps import AdminConfig


class NewsroomAdminConfig(AdminConfig):
    """Django's admin, with the desk as its front page."""

    default_site = "articles.admin_site.NewsroomAdminSite"
