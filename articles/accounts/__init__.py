"""Signing in: limits, the log, invitations and passwords. The pages are in the admin."""
