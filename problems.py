"""Every way a request can fail, as RFC 9457 problem details.

A subclass is a problem type: its name gives ``type`` (``/problems/body-too-large``) and the stable
code ``error`` (``body_too_large``), the first line of its docstring gives ``title``. The caller
reads ``detail``, so it never quotes an internal error, a secret or the request's body.
Knows nothing of HTTP libraries.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar


class Problem(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    usual_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title())
        self.detail = detail
        self.headers = {**self.usual_headers, **(headers or {})}
        self.members = members  # extension members (RFC 9457 §3.2)

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or "").splitlines()[0].rstrip(".")

    @classmethod
    def code(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def sentence(self) -> str:
        """What went wrong, for a person."""
        return self.detail or f"{self.title()}."

    def as_json(self, instance: str) -> dict[str, Any]:
        """The problem document; *instance* names this occurrence (the request's id)."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code().replace('_', '-')}",
            "title": self.title(),
            "status": self.status,
            "instance": f"urn:uuid:{instance}",
            "error": self.code(),
            "message": self.sentence,
        }
        if self.detail:
            body["detail"] = self.detail
        return body | self.members


class MalformedBody(Problem):
    """The body is not UTF-8 JSON."""

    status = 400


class MalformedRequest(Problem):
    """This is not HTTP."""

    status = 400


class HeadersTooLarge(Problem):
    """The headers are larger than the limit."""

    status = 431


class RequestTimeout(Problem):
    """The body took too long to arrive."""

    status = 408
    usual_headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}


class Unauthorized(Problem):
    """This needs a session, or the one presented is not valid."""

    status = 401
    usual_headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class BadCredentials(Unauthorized):
    """The e-mail or the password is wrong."""


class ServiceKeyRequired(Unauthorized):
    """This needs the service key."""

    usual_headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "ServiceKey"}


class Forbidden(Problem):
    """This session may not do that."""

    status = 403


class ForeignOrigin(Forbidden):
    """A page of another site sent this with the reader's cookie."""


class OtherUser(Forbidden):
    """The user_id is not that of the session."""


class WrongPassword(Forbidden):
    """The current password is wrong."""


class AccountRequired(Forbidden):
    """This reader has no password."""


class NotFound(Problem):
    """There is nothing here."""

    status = 404


class ConversationNotFound(NotFound):
    """There is no such conversation."""


class MessageNotFound(NotFound):
    """There is no such message."""


class UserNotFound(NotFound):
    """There is no such user."""


class MethodNotAllowed(Problem):
    """This resource does not take that method."""

    status = 405


class EmailTaken(Problem):
    """This e-mail has an account."""

    status = 409


class AlreadyAsked(Problem):
    """This question is being answered already."""

    status = 409


class BodyTooLarge(Problem):
    """The body is larger than the limit."""

    status = 413


class UnsupportedMediaType(Problem):
    """The body must be application/json."""

    status = 415


class ValidationError(Problem):
    """The request does not fit the contract."""

    status = 422


class TooManyRequests(Problem):
    """Too many requests."""

    status = 429
    usual_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class TooManyAnswers(TooManyRequests):
    """Two answers are still being written for this reader."""


class BudgetSpent(TooManyRequests):
    """The questions of today are used up."""


class Unavailable(Problem):
    """The service cannot do this right now."""

    status = 503
    usual_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class AnswerInterrupted(Unavailable):
    """The answer broke off before its end."""


class DatabaseUnavailable(Unavailable):
    """The database is out of reach."""


class DatabaseOutdated(DatabaseUnavailable):
    """The database lacks tables that this version needs."""


class Overloaded(Unavailable):
    """Too many questions are being answered at this moment."""

    usual_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "2"}


class PasswordsBusy(Unavailable):
    """Too many people are signing in at this moment."""


class AnswerStopped(Unavailable):
    """The answer was stopped."""


class NotReady(Unavailable):
    """Questions cannot be answered yet."""


class ShuttingDown(Unavailable):
    """The service is restarting."""


class AgentTimeout(Problem):
    """The answer took too long."""

    status = 504
