"""A second factor, and sign-in through a provider, with django-allauth.

Loaded only if SECOND_FACTOR or OIDC_SERVER is set, because django-allauth may not be installed.
"""
