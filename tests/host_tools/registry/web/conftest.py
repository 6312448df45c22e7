"""The registry's application, for each test anew."""

from support.registry.web_fixtures import *  # noqa: F403 - its fixtures, all of them
