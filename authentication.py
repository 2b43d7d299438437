"""Who asks: credentials of a request become a reader, before anything else of it is read.

A credential is a signed session, in the cookie or as bearer token, a JWT of Better Auth, or the
service key. A bad one is 401, never silently anonymous. Knows no operation by name.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request

from clients import client_ip
from contract import Operation
from credentials import cookies, jwts, tokens
from cross_site import check_origin, trusted_origins
from database import Database, transaction
from problems import DatabaseUnavailable, ServiceKeyRequired, Unauthorized
from queries import sessions, users
from readers import Reader
from state import State

LIFETIME = timedelta(days=7)  # of a session that is not used
REFRESH_AFTER = timedelta(days=1)
ABSOLUTE = timedelta(days=30)
SESSIONS = 20  # of one user
ANONYMOUS = "anonymous"  # the key of who has none: libraries of OpenAI's want one


async def authenticate(request: Request[State], operation: Operation) -> Reader | None:
    """The reader; ``None`` for nobody, and for a program with the service key.

    Raises ``Unauthorized``, ``ServiceKeyRequired``, ``ForeignOrigin`` and ``DatabaseUnavailable``.
    While the database is down, a reader seen in the last minute is known; another one with a
    genuine token is nobody where nobody may ask, too.
    """
    if "serviceKey" in operation.schemes:
        check_service_key(request)
        return None
    if "apiKey" in operation.schemes and presented(request)[0] == ANONYMOUS:
        return None
    reader = await _reader(request, may_be_nobody=operation.is_anonymous)
    if reader:
        request.scope["user_id"] = str(reader.user_id)  # for the log's line
    return reader


async def recognised(request: Request[State]) -> Reader | None:
    """The reader behind a valid credential; one that is worth nothing (any more) is overlooked.

    For who is about to show a better one: a browser with an old cookie must be able to log in.
    """
    try:
        return await _reader(request, may_be_nobody=True)
    except Unauthorized:
        return None


async def _reader(request: Request[State], *, may_be_nobody: bool) -> Reader | None:
    state, (bearer, cookie) = request.state, presented(request)
    if bearer is None and cookie is None:
        if may_be_nobody:
            return None
        raise Unauthorized
    if bearer is None:
        trusted = trusted_origins(state["settings"])
        host = request.headers.get("host", "")
        check_origin(request.method, request.headers, host=host, trusted=trusted)
    if bearer is not None and jwts.looks_like_jwt(bearer):
        return await _by_jwt(state, bearer)
    token = state["signer"].verified(cookie or "" if bearer is None else bearer)
    if token is None:
        raise Unauthorized(headers=without_cookie(request))
    try:
        reader = await _by_token(state["db"], token)
    except DatabaseUnavailable:
        reader = state["seen"].recall(token)
        if reader is None and not may_be_nobody:
            raise
        return reader
    if reader is None:
        raise Unauthorized(headers=without_cookie(request))
    state["seen"].remember(token, reader)
    return reader


async def _by_token(db: Database | None, token: str) -> Reader | None:
    found = await sessions.find(db, token=token, refresh_after=REFRESH_AFTER, absolute=ABSOLUTE)
    if found is None:
        return None
    expires_at: datetime | None = found.expires_at
    if found.is_due:
        expires_at = await sessions.prolong(db, token=token, lifetime=LIFETIME, absolute=ABSOLUTE)
    return (
        None
        if expires_at is None
        else Reader(
            user_id=found.user_id,
            email=found.email,
            is_guest=found.is_guest,
            expires_at=expires_at,
            token=token,
        )
    )


async def _by_jwt(state: State, token: str) -> Reader:
    """A JWT proves itself with the key that it names; its user must still be there."""
    issuer, key_id = state["settings"].better_auth_url, jwts.key_id(token)
    if issuer is None or key_id is None:
        raise Unauthorized
    key = await users.public_key(state["db"], key_id=key_id)
    claims = key and jwts.claims(token, key, issuer=issuer)
    account = claims and await users.account(state["db"], user_id=claims.user_id)
    if not claims or not account:
        raise Unauthorized
    return Reader(
        user_id=account.user_id,
        email=account.email,
        is_guest=account.is_guest,
        expires_at=claims.expires_at,
    )


def presented(request: Request[State]) -> tuple[str | None, str | None]:
    """The bearer token and the session cookie, as sent; an ``Authorization`` goes first.

    ``Basic`` is left to a proxy in front, which browsers send it for.
    """
    scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
    cookie = cookies.read(request.headers.get("cookie"), secure=is_secure(request))
    if not scheme or scheme.lower() == "basic":
        return None, cookie
    return (value.strip() if scheme.lower() == "bearer" else ""), cookie


def by_cookie(request: Request[State]) -> bool:
    """Whether the credential is the cookie, so that it is for us to renew or to clear."""
    bearer, cookie = presented(request)
    return bearer is None and cookie is not None


def address(request: Request[State]) -> str:
    """The client's, as far as it can be trusted."""
    peer = request.client.host if request.client else None
    return client_ip(peer, request.headers, request.state["settings"].ip_header)


def is_secure(request: Request[State]) -> bool:
    """Whether the cookie is one for https only."""
    return request.state["settings"].is_https or request.url.scheme == "https"


def without_cookie(request: Request[State]) -> dict[str, str]:
    """The header that makes a browser forget the session that it sent, if its cookie was it.

    A page cannot do it, and would be stuck with a cookie that is worth nothing.
    """
    if not by_cookie(request):
        return {}
    return {"Set-Cookie": cookies.clear(secure=is_secure(request))}


def check_service_key(request: Request[State]) -> None:
    """Raises ``ServiceKeyRequired``; always, when none is configured."""
    key = request.state["settings"].internal_api_key
    sent = request.headers.get("x-service-key", "")
    if not key or not hmac.compare_digest(sent.encode(), key.encode()):
        raise ServiceKeyRequired


async def open_session(
    db: Database | None,
    *,
    user_id: UUID,
    presented: str | None,
    ip_address: str,
    user_agent: str | None,
) -> str:
    """A new token; the *presented* one ends (fixation), and all but the newest twenty.

    Raises ``Unauthorized`` for a user who has just been deleted.
    """
    token = tokens.new()
    async with transaction(db) as connection:
        if await users.lock(connection, user_id=user_id) is None:
            raise Unauthorized
        await sessions.add(
            connection,
            user_id=user_id,
            token=token,
            presented=presented,
            lifetime=LIFETIME,
            at_most=SESSIONS,
            ip_address=ip_address,
            user_agent=user_agent,
        )
    return token
