"""The registry's application, for each test anew."""

from support.registry.web_fixtures import (
    administrator,
    api,
    app,
    client,
    data,
    log,
    module,
    new_key,
    other_api,
    registry,
    root_api,
)

__all__ = (
    "administrator",
    "api",
    "app",
    "client",
    "data",
    "log",
    "module",
    "new_key",
    "other_api",
    "registry",
    "root_api",
)
