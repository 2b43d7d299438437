"""Readers, their credentials and their sessions."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from records import record

Transport = Literal["cookie", "bearer"]


@record(kw_only=True)
class NewCredentials:
    email: str
    password: str


@record(kw_only=True)
class Credentials:
    email: str
    password: str
    transport: Transport = "cookie"


@record(kw_only=True)
class GuestRequest:
    transport: Transport = "cookie"


@record(kw_only=True)
class PasswordChange:
    current_password: str
    new_password: str


@record()
class Registered:
    id: UUID
    email: str
    created_at: datetime


@record()
class Credential:
    """What a login is checked against."""

    user_id: UUID
    email: str
    password_hash: str | None


@record(kw_only=True)
class LoggedIn:
    user_id: UUID
    email: str | None


@record(kw_only=True)
class BearerLoggedIn(LoggedIn):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int  # seconds


@record()
class SessionUser:
    """The user of a session; what ``get_session`` tells. A guest has no e-mail."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime


@record()
class FoundSession:
    """A valid session with its user; *is_due*: it has been used, and is to live on."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime
    is_due: bool


@record()
class Account:
    user_id: UUID
    email: str | None
    is_guest: bool
    created_at: datetime


@record()
class SessionRecord:
    created_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None
