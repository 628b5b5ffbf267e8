"""For monitoring: /healthz says whether the library can be read, /metrics has figures for Prometheus."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stackroom.common.errors import CatalogError, StoreAway
from stackroom.reading.notices import AWAY_SECONDS, CATALOG_UNREADABLE, STORE_AWAY
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.limits.rates import Refusals
from stackroom.server.monitoring.metrics import CONTENT_TYPE, Metrics


def monitoring_routes(
    reader: Reader, metrics: Metrics, refusals: Refusals, access: AccessControl | None
) -> list[Route]:
    """The two routes. With `access`, whoever has not signed in learns only that all is well."""

    async def healthz(_: Request) -> Response:
        try:
            status = await run_in_threadpool(reader.status)
        except CatalogError as error:
            text, headers = _why(error)
            return JSONResponse({"status": "unavailable", "message": text}, 503, headers)
        if access:  # anybody may ask, so no more than this
            return JSONResponse({"status": "ok"})
        return JSONResponse(
            {
                "status": "ok",
                "documents": status.documents,
                "pages": status.pages,
                "passages": status.passages,
                "pending": status.pending,
            }
        )

    async def figures(request: Request) -> Response:
        if access and (refusal := await access.require_token_or_owner(request)):
            return refusal
        status = None
        try:
            status = await run_in_threadpool(reader.status)
        except StoreAway:
            pass  # what the server knows itself is of use just then
        except CatalogError:
            return PlainTextResponse(f"{CATALOG_UNREADABLE}\n", 503)
        text = metrics.exposition(status, refusals.total)
        return PlainTextResponse(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    return [Route("/healthz", healthz, methods=["GET"]), Route("/metrics", figures, methods=["GET"])]


def _why(error: CatalogError) -> tuple[str, dict[str, str]]:
    """What to say to whoever asks, and headers that belong to it."""
    if isinstance(error, StoreAway):
        return STORE_AWAY, {"Retry-After": str(AWAY_SECONDS)}
    return CATALOG_UNREADABLE, {}
