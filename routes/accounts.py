"""Readers, guests and their sessions."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request

from authentication import (
    LIFETIME,
    address,
    by_cookie,
    is_secure,
    open_session,
    recognised,
    without_cookie,
)
from contract import Reply
from credentials import cookies
from database import OUTAGES, Executor, transaction
from limits import (
    GUEST_IP,
    LOGIN_ACCOUNT,
    LOGIN_IP,
    LOGIN_PAIR,
    PASSWORD_USER,
    REGISTER_IP,
    Bucket,
)
from models import (
    BearerLoggedIn,
    Credential,
    Credentials,
    GuestRequest,
    LoggedIn,
    NewCredentials,
    PasswordChange,
    Registered,
    SessionUser,
    Transport,
)
from problems import (
    AccountRequired,
    BadCredentials,
    EmailTaken,
    PasswordsBusy,
    ValidationError,
    WrongPassword,
)
from queries import sessions, users
from readers import Reader
from state import State


async def register(request: Request[State], body: NewCredentials) -> Registered | Reply:
    """POST /api/v1/auth/register

    Takes as long for a taken e-mail as for a new one. Raises ``EmailTaken``, ``ValidationError``
    for a password that is easily guessed, ``TooManyRequests`` and ``PasswordsBusy``.
    """
    state, email = request.state, body.email.lower()
    reader = await recognised(request)
    await state["limits"].take(Bucket("register", address(request), REGISTER_IP))
    await refuse_weak(request, body.password, email, pointer="/password")
    password_hash = await state["passwords"].hash(body.password)
    guest = await _settled_guest(request, reader)
    async with transaction(state["db"]) as connection:
        added = await users.register(connection, email=email, password_hash=password_hash)
        if added is None:
            raise EmailTaken
        if guest:
            await _adopt(request, connection, guest, added.id)
    if guest is None:
        return added
    state["seen"].forget(guest.user_id)
    return Reply(added, without_cookie(request))


async def login(request: Request[State], body: Credentials) -> Reply:
    """POST /api/v1/auth/login

    An unknown e-mail costs one password check, too. Raises ``BadCredentials``,
    ``TooManyRequests`` and ``PasswordsBusy``.
    """
    state, email, ip = request.state, body.email.lower(), address(request)
    reader = await recognised(request)
    account = Bucket("login_account", email, LOGIN_ACCOUNT)
    pair = Bucket("login_pair", f"{email} {ip}", LOGIN_PAIR)
    await state["limits"].take(Bucket("login_ip", ip, LOGIN_IP), account, pair)
    known = await users.credential_of(state["db"], email=email)
    stored = known.password_hash if known else None
    if not await state["passwords"].matches(body.password, stored) or known is None:
        raise BadCredentials
    await state["limits"].forget(account, pair)
    await _renew_hash(request, known, body.password)
    if guest := await _settled_guest(request, reader):
        async with transaction(state["db"]) as connection:
            await _adopt(request, connection, guest, known.user_id)
    logged_in = LoggedIn(user_id=known.user_id, email=known.email)
    return await _with_session(request, logged_in, body.transport, reader)


async def start_guest(request: Request[State], body: GuestRequest) -> Reply:
    """POST /api/v1/auth/guest

    Raises ``TooManyRequests``.
    """
    state = request.state
    await state["limits"].take(Bucket("guest", address(request), GUEST_IP))
    guest_id = await users.add_guest(state["db"])
    logged_in = LoggedIn(user_id=guest_id, email=None)
    reply = await _with_session(request, logged_in, body.transport, None)
    with suppress(*OUTAGES):  # housekeeping is not this guest's trouble
        await users.sweep_guests(state["db"])
    return reply


async def get_session(request: Request[State], reader: Reader) -> Reply:
    """GET /api/v1/auth/session

    A cookie is sent again, so that it lasts as long as the session, which lives on with its use.
    """
    user = SessionUser(reader.user_id, reader.email, reader.is_guest, reader.expires_at)
    if reader.token is None or not by_cookie(request):
        return Reply(user)
    left = int((reader.expires_at - datetime.now(UTC)).total_seconds())
    return Reply(user, _cookie(request, request.state["signer"].sign(reader.token), left))


async def logout(request: Request[State], reader: Reader) -> Reply:
    """POST /api/v1/auth/logout

    A JWT has no session to end; it expires by itself within minutes.
    """
    if reader.token:
        await sessions.close(request.state["db"], token=reader.token)
        request.state["seen"].forget(reader.user_id)
    return Reply(None, without_cookie(request))


async def change_password(request: Request[State], reader: Reader, body: PasswordChange) -> None:
    """PUT /api/v1/auth/password

    Raises ``WrongPassword``, ``AccountRequired`` for who has no password, ``ValidationError`` for
    one that is easily guessed, ``TooManyRequests`` and ``PasswordsBusy``.
    """
    state, user_id = request.state, reader.user_id
    await state["limits"].take(Bucket("password", str(user_id), PASSWORD_USER))
    stored = await users.password_hash(state["db"], user_id=user_id)
    if stored is None:
        raise AccountRequired
    if not await state["passwords"].matches(body.current_password, stored):
        raise WrongPassword
    await refuse_weak(request, body.new_password, reader.email or "", pointer="/new_password")
    changed = await users.change_password(
        state["db"],
        user_id=user_id,
        old_hash=stored,
        password_hash=await state["passwords"].hash(body.new_password),
        staying=reader.token,
    )
    if changed is None:  # somebody else has changed it meanwhile
        raise WrongPassword
    state["seen"].forget(user_id, but=reader.token)


async def refuse_weak(request: Request[State], password: str, email: str, *, pointer: str) -> None:
    """Raises ``ValidationError`` with the reason for a password that is easily guessed."""
    weakness = await request.state["passwords"].weakness(password, email)
    if weakness:
        violation = {"in": "body", "pointer": pointer, "detail": weakness}
        raise ValidationError(f"{pointer[1:]}: {weakness}", errors=[violation])


def _cookie(request: Request[State], signed: str, seconds: int) -> dict[str, str]:
    return {"Set-Cookie": cookies.write(signed, secure=is_secure(request), max_age=seconds)}


async def _settled_guest(request: Request[State], reader: Reader | None) -> Reader | None:
    """The guest, if there is one, once the answers that they have read are stored."""
    if reader is None or not reader.is_guest:
        return None
    await request.state["answers"].settled(reader.user_id)
    await request.state["storage"].caught_up()  # a spooled row would find the guest gone
    return reader


async def _adopt(
    request: Request[State], connection: Executor, guest: Reader, user_id: UUID
) -> None:
    """A guest's history becomes the user's, also what is being written at this moment."""
    state = request.state
    await state["history"].adopt(connection, guest_id=guest.user_id, user_id=user_id)
    # Before the commit: an answer that ends after it finds the guest gone, and looks again.
    state["answers"].adopt(guest.user_id, user_id)


async def _renew_hash(request: Request[State], known: Credential, password: str) -> None:
    """Hash anew what was hashed with another cost, now that the password is at hand."""
    passwords = request.state["passwords"]
    if known.password_hash and passwords.is_outdated(known.password_hash):
        with suppress(PasswordsBusy, *OUTAGES):  # the next login will do
            await users.rehash(
                request.state["db"],
                user_id=known.user_id,
                old_hash=known.password_hash,
                new_hash=await passwords.hash(password),
            )


async def _with_session(
    request: Request[State], logged_in: LoggedIn, transport: Transport, ended: Reader | None
) -> Reply:
    """*logged_in* with a new session; a token never goes two ways at once (ASVS 3.3.4)."""
    state = request.state
    token = await open_session(
        state["db"],
        user_id=logged_in.user_id,
        presented=ended.token if ended else None,
        ip_address=address(request),
        user_agent=request.headers.get("user-agent"),
    )
    if ended:
        state["seen"].forget(ended.user_id)
    signed, seconds = state["signer"].sign(token), int(LIFETIME.total_seconds())
    if transport == "cookie":
        return Reply(logged_in, _cookie(request, signed, seconds))
    record = BearerLoggedIn(
        user_id=logged_in.user_id, email=logged_in.email, access_token=signed, expires_in=seconds
    )
    return Reply(record, {"set-auth-token": signed})
