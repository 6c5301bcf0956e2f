"""The web app of one park: its services in, an application for a server out. It starts nothing."""

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from console.web import api, deadletters, faults, pages, watch
from console.web.guard import Guard
from console.web.metrics import registry_of
from console.web.people import login
from console.web.people.gate import Gate, confirm
from console.web.people.people import People
from console.web.services import WebServices
from fenceline.bus import Topic


def create_app(services: WebServices) -> FastAPI:
    """API, live stream, health, metrics and the browser application."""
    people = People(clock=services.clock) if services.people is None else services.people
    app = FastAPI(
        title="Fenceline",
        description="Live alerts of a chemical park, their history, and what people do about them.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(confirm)],
    )
    services.live.balanced = services.balanced
    services.live.intake = services.intake
    registry, collector = registry_of(services)
    faults.install(app)
    app.include_router(login.router_of(people))
    app.include_router(api.router_of(services))
    app.include_router(deadletters.router_of(services))
    if services.watched is not None:
        app.include_router(watch.router_of(services, services.watched))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        parts = services.parts()
        ready = all(state.ready for state in parts.values())
        body = {
            "ready": ready,
            "parts": {part: {"ready": state.ready, "detail": state.detail} for part, state in parts.items()},
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        for topic in (Topic.JOURNAL, Topic.FINDINGS, Topic.ALERTS):
            collector.ends[topic] = await services.bus.end(topic, services.park.id)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app.include_router(pages.router_of(services.dist))
    app.add_middleware(Gate, people=people)
    app.add_middleware(Guard, origins=people.origins)
    return app
