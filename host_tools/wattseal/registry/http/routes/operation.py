"""For those who run the registry: is it alive, can it serve, what has it counted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from wattseal.registry.http.answers import Health
from wattseal.registry.http.callers import Service
from wattseal.registry.http.descriptions import PUBLIC, Responses, as_json
from wattseal.registry.http.metrics import Metrics

router = APIRouter(tags=["operation"])

_METRICS: Responses = {
    **as_json(PUBLIC),
    200: {"description": "Prometheus's text format.", "content": {"text/plain": {}}},
}


class _Text(Response):
    media_type = CONTENT_TYPE_LATEST


@router.get("/health", summary="Is the process alive?")
async def health() -> Health:
    """Asks nothing of the database: a process that answers is not to be restarted."""
    return Health()


@router.get("/ready", responses=PUBLIC, summary="Can it serve?")
def ready(registry: Service) -> Health:
    """Asks the database; 503 while it does not answer, or while a clock is wrong."""
    registry.ready()
    return Health()


@router.get("/metrics", response_class=_Text, responses=_METRICS, summary="Prometheus metrics")
def metrics(request: Request, registry: Service) -> Response:
    """Counters of all workers."""
    counted: Metrics = request.app.state.metrics
    return _Text(counted.text(registry.facts().size))
