"""What migrations do beyond Django's own operations: SQL, triggers and roles.

Nothing here imports code of the application, and what a migration has done stays as it is: an
installation that is migrated today must get the same database as one of years ago.
"""
