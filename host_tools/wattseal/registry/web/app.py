"""Puts the service, its routes and the layers around them together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from wattseal import __version__
from wattseal.common.serve import SmallPool, log_as_json
from wattseal.common.workers import end_with_parent
from wattseal.driver_check.browser import CHECK_FILES
from wattseal.registry.service import Registry
from wattseal.registry.setup import open_registry
from wattseal.registry.web import api, errors, middleware, openapi, pages, tile_log
from wattseal.registry.web.callers import RateLimits, Settings, from_environment
from wattseal.registry.web.metrics import Metrics
from wattseal.registry.web.templates import STATIC_FILES

_ROUTERS = (
    api.recording_router,
    api.access_router,
    api.questions_router,
    api.entries_router,
    tile_log.router,
    api.operation_router,
    pages.router,
    pages.check_router,
)


def create_app(registry: Registry, settings: Settings) -> FastAPI:
    """The application around a registry that is open."""
    app = FastAPI(
        title="Wattseal public-key registry",
        summary="Public keys of signing modules, which charge point they sign for, and the proof.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=_operation_id,
    )
    app.state.registry = registry
    app.state.registry_name = registry.facts().name
    app.state.metrics = Metrics()
    app.state.limits = RateLimits(settings)
    app.state.public_url = settings.public_url
    app.state.long_work = SmallPool(threads=2, waiting=20)
    app.state.writing = SmallPool(threads=4, waiting=200)
    for router in _ROUTERS:
        app.include_router(router)
    for path, folder in (("/static/check", CHECK_FILES), ("/static", STATIC_FILES)):
        app.mount(path, StaticFiles(directory=Path(str(folder))))
    errors.install(app)
    # The last one added is the outermost.
    app.add_middleware(middleware.HeadRequests)
    app.add_middleware(middleware.BodyLimit)
    app.add_middleware(middleware.ReadLimit, limits=app.state.limits)
    app.add_middleware(middleware.SecurityHeaders)
    app.add_middleware(middleware.RegistryLog, metrics=app.state.metrics)
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]
    return app


def worker_app() -> FastAPI:
    """The application of a worker process, set up by its environment."""
    log_as_json()
    end_with_parent()
    settings = from_environment(os.environ)
    registry = open_registry(
        settings.data,
        settings.database_url,
        settings.name,
        offline_days=settings.offline_days,
    )
    return create_app(registry, settings)


def _operation_id(route: APIRoute) -> str:
    """What generated clients call a route: its function's name, `get_` before it where it asks."""
    return f"get_{route.name}" if "GET" in (route.methods or ()) else route.name


def _description(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, without the framework's own form of errors, which this application never gives."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            license_info=app.license_info,
            routes=app.routes,
        )
        for path in made["paths"].values():
            for operation in path.values():
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(name, None)
        openapi.add_answers(made["paths"])
        app.openapi_schema = made
    return app.openapi_schema
