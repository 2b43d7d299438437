"""Users, guests and their passwords. The SQL is in users.sql."""

from uuid import UUID

from database import Executor, statement
from models import Account, Credential, Registered


@statement
async def register(db: Executor | None, *, email: str, password_hash: str) -> Registered | None:
    """``None``: the e-mail is taken. *email* is in lower case."""


@statement
async def add_guest(db: Executor | None) -> UUID:
    """The guest's id."""


@statement
async def credential_of(db: Executor | None, *, email: str) -> Credential | None:
    """``None``: nobody has this e-mail."""


@statement
async def password_hash(db: Executor | None, *, user_id: UUID) -> str | None:
    """``None`` for guests, and for who signs in through a provider."""


@statement
async def change_password(
    db: Executor | None, *, user_id: UUID, old_hash: str, password_hash: str, staying: str | None
) -> UUID | None:
    """*staying* is the token of the session that goes on. ``None``: nothing has changed."""


@statement
async def rehash(db: Executor | None, *, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """After a login, when the work for a hash has changed."""


@statement
async def lock(db: Executor, *, user_id: UUID) -> UUID | None:
    """Orders those who write one user's history; held until the transaction ends."""


@statement
async def account(db: Executor | None, *, user_id: UUID) -> Account | None: ...


@statement
async def public_key(db: Executor | None, *, key_id: UUID) -> str | None: ...


@statement
async def delete(db: Executor | None, *, user_id: UUID) -> None:
    """At once, and for good."""


@statement
async def forget_guest(db: Executor, *, guest_id: UUID) -> None: ...


@statement
async def sweep_guests(db: Executor | None) -> None: ...
