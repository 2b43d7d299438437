"""Readers, their credentials and their sessions."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from attrs import field, frozen

Transport = Literal["cookie", "bearer"]


@frozen(kw_only=True)
class NewCredentials:
    email: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class Credentials:
    email: str
    password: str = field(repr=False)
    transport: Transport = "cookie"


@frozen(kw_only=True)
class GuestRequest:
    transport: Transport = "cookie"


@frozen(kw_only=True)
class PasswordChange:
    current_password: str = field(repr=False)
    new_password: str = field(repr=False)


@frozen
class Registered:
    id: UUID
    email: str
    created_at: datetime


@frozen
class Credential:
    """What a login is checked against."""

    user_id: UUID
    email: str
    password_hash: str | None = field(repr=False)


@frozen(kw_only=True)
class LoggedIn:
    user_id: UUID
    email: str | None


@frozen(kw_only=True)
class BearerLoggedIn(LoggedIn):
    access_token: str = field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int  # seconds


@frozen
class SessionUser:
    """The user of a session; what ``get_session`` tells. A guest has no e-mail."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime


@frozen
class FoundSession:
    """A valid session with its user; *is_due*: it has been used, and is to live on."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime
    is_due: bool


@frozen
class Account:
    user_id: UUID
    email: str | None
    is_guest: bool
    created_at: datetime


@frozen
class SessionRecord:
    created_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None
