"""For operators and their tools: /healthz, /readyz, /metrics, on this machine only."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import text

from cti.errors import StorageError
from web.routes import Route
from web.services import services_of


async def healthz(_request: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Whether it can serve: 503 without the database; a PBX that is away is told, not counted."""
    services = services_of(request)
    link = services.link()
    body = {
        "database": "ok",
        "storage": services.spool.state,
        "waiting": services.spool.pending,
        "log_mib": services.database.log_bytes // 2**20,
        "pbx": link.state,
        "pbx_since": link.since,
        "pbxes": {
            one.name: {"state": one.state, "since": one.since, "clock_ahead_s": round(one.ahead_s, 3)}
            for one in link.pbxes
        },
    }
    try:
        async with services.db.read() as conn:
            await conn.execute(text("SELECT 1"))
    except StorageError as error:
        body["database"] = str(error)
        return web.json_response(body, status=503)
    return web.json_response(body)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus' page."""
    return web.Response(body=services_of(request).metrics.page(), headers={"Content-Type": "text/plain; version=0.0.4"})


ROUTES = (
    Route("GET", "/healthz", healthz, "local", "nothing"),
    Route("GET", "/readyz", readyz, "local", "nothing"),
    Route("GET", "/metrics", metrics, "local", "nothing"),
)
