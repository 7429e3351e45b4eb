"""The tables chassis brings along; a program that uses `chassis.web` opens its database with these and its own."""

from importlib import resources

from chassis.database import MigrationFolder

MIGRATIONS = MigrationFolder("chassis", resources.files(__name__))
