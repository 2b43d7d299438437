"""What the service counts, for Prometheus to read; no operation of the contract."""

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from metrics import CONTENT_TYPE, Metrics
from problems import Unauthorized


def routes(metrics: Metrics, token: str | None) -> list[Route]:
    """GET /metrics, for everybody or, if there is one, for who sends *token* as bearer token."""

    async def get_metrics(request: Request) -> Response:
        if token is not None:
            check(request.headers.get("authorization", ""), token)
        return Response(await metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return [Route(path, get_metrics) for path in ("/metrics", "/metrics/")]


def check(authorization: str, token: str) -> None:
    """Raises ``Unauthorized`` unless the header *authorization* carries *token*."""
    scheme, _, sent = authorization.partition(" ")
    # Starlette reads headers as Latin-1, whatever the bytes were.
    matches = hmac.compare_digest(sent.strip(" ").encode("latin-1"), token.encode())
    if scheme.lower() != "bearer" or not matches:
        raise Unauthorized("Metrics are for who sends their token as bearer token.")
