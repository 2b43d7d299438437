"""The environment as one frozen record; the only reader of ``os.environ`` and of ``.env``.

Every setting is optional; docs/settings.md explains each, and a test holds that page to this file.
What may stand in one is in ``setting_values.py``.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import field, fields

import setting_values as values
from records import frozen

ROOT = Path(__file__).resolve().parent
CHAT_PER_DAY = 1000  # answers that models write, unless GLOBAL_CHAT_PER_DAY says otherwise


class BadSettings(ValueError):
    """Settings that cannot be used; the message names every one of them, a line each."""


def _setting(
    parse: Callable[[str], Any], *names: str, default: Any = None, secret: bool = False
) -> Any:
    """A field read from the first of *names* that is set and not blank."""
    metadata = {"names": names, "parse": parse}
    return field(default=default, repr=not secret, metadata=metadata)


@frozen(kw_only=True)
class Settings:
    host: str = _setting(values.text, "HOST", default="127.0.0.1")
    port: int = _setting(values.port, "PORT", default=8000)
    book: Path = _setting(values.path, "BOOK", default=ROOT / "docs")
    book_url: str | None = _setting(values.http_url, "BOOK_URL")
    home: Path = _setting(values.path, "FOOTNOTE_HOME", default=ROOT / ".footnote")
    database_url: str | None = _setting(
        values.postgres_url, "NEON_DATABASE_URL", "DATABASE_URL", secret=True
    )
    database_pooler: bool = _setting(values.switch, "DATABASE_POOLER", default=False)
    qdrant_url: str | None = _setting(values.http_url, "QDRANT_URL")
    qdrant_api_key: str | None = _setting(values.text, "QDRANT_API_KEY", secret=True)
    qdrant_collection: str = _setting(values.text, "QDRANT_COLLECTION", default="footnote")
    openai_api_key: str | None = _setting(values.text, "OPENAI_API_KEY", secret=True)
    openai_base_url: str | None = _setting(values.http_url, "OPENAI_BASE_URL")
    openai_model: str = _setting(values.text, "OPENAI_MODEL", default="gpt-5-mini")
    gemini_api_key: str | None = _setting(values.text, "GEMINI_API_KEY", secret=True)
    gemini_model: str = _setting(values.text, "GEMINI_MODEL", default="gemini-2.5-flash")
    model_order: tuple[str, ...] = _setting(
        values.model_order, "MODEL_ORDER", default=values.MODELS
    )
    # US dollars for a million tokens, of the prompt and of the answer
    model_prices: Mapping[str, tuple[float, float]] = _setting(
        values.model_prices, "MODEL_PRICES", default=MappingProxyType({})
    )
    answer_cache: int = _setting(values.whole(0, 100_000), "ANSWER_CACHE", default=500)
    auth_secret: str | None = _setting(
        values.secret, "BETTER_AUTH_SECRET", "AUTH_SECRET", secret=True
    )
    previous_auth_secret: str | None = _setting(
        values.secret, "BETTER_AUTH_SECRET_PREVIOUS", secret=True
    )
    better_auth_url: str | None = _setting(values.http_url, "BETTER_AUTH_URL")
    public_url: str | None = _setting(values.http_url, "PUBLIC_URL")
    internal_api_key: str | None = _setting(values.text, "INTERNAL_API_KEY", secret=True)
    bcrypt_cost: int = _setting(values.whole(10, 15), "BCRYPT_COST", default=12)
    history_limit: int = _setting(values.whole(1, 1000), "HISTORY_LIMIT", default=50)
    rate_limits: bool = _setting(values.switch, "RATE_LIMITS", default=True)
    global_chat_per_day: int | None = _setting(values.whole(0, 10_000_000), "GLOBAL_CHAT_PER_DAY")
    client_ip_header: str | None = _setting(values.header_name, "CLIENT_IP_HEADER")
    cors_origins: tuple[str, ...] = _setting(values.origins, "CORS_ORIGINS", default=())
    media_hosts: tuple[str, ...] = _setting(values.names, "ALLOWED_MEDIA_HOSTS", default=())
    on_vercel: bool = _setting(values.switch, "VERCEL", default=False)
    embedding_model: str | None = _setting(values.text, "EMBEDDING_MODEL")
    answers_at_once: int = _setting(values.whole(1, 100_000), "ANSWERS_AT_ONCE", default=200)
    answers_waiting: int = _setting(values.whole(0, 100_000), "ANSWERS_WAITING", default=100)
    resume_grace: float = _setting(values.grace, "RESUME_GRACE", default=10.0)  # seconds
    spool_directory: Path | None = _setting(values.path, "SPOOL_DIR")
    spool_max_mb: int = _setting(values.whole(1, 100_000), "SPOOL_MAX_MB", default=256)
    agent_timeout: float = _setting(values.seconds, "AGENT_TIMEOUT", default=30.0)  # seconds
    log_level: str = _setting(values.log_level, "LOG_LEVEL", default="INFO")
    chatkit_domain_key: str = _setting(values.text, "CHATKIT_DOMAIN_KEY", default="local-dev")
    metrics_token: str | None = _setting(values.text, "METRICS_TOKEN", secret=True)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Settings of the process: *environ* first, then ``.env`` beside this file.

        Raises ``BadSettings`` naming every setting that cannot be used, never its value.
        """
        environ = _environment() if environ is None else environ
        found: dict[str, Any] = {}
        wrong: list[str] = []
        for attribute in fields(cls):
            names = attribute.metadata["names"]
            name = next((n for n in names if environ.get(n, "").strip()), None)
            if name is None:
                continue
            try:
                found[attribute.name] = attribute.metadata["parse"](environ[name].strip())
            except ValueError as error:
                wrong.append(f"{name} {error}")
        if wrong:
            raise BadSettings("\n".join(wrong))
        return cls(**found)

    @property
    def spool(self) -> Path:
        """Where rows wait for the database; on Vercel only one directory can be written."""
        if self.spool_directory:
            return self.spool_directory
        return Path("/tmp/footnote-spool") if self.on_vercel else self.home / "spool"  # noqa: S108

    @property
    def is_https(self) -> bool:
        """Whether readers come by https, although something in front of the service ends it."""
        url = self.public_url or self.better_auth_url or ""
        return url.startswith("https:") or self.on_vercel

    @property
    def ip_header(self) -> str | None:
        """The one header that names the client; Vercel sets its own, and nobody else can."""
        return self.client_ip_header or ("x-real-ip" if self.on_vercel else None)

    @property
    def chat_per_day(self) -> int | None:
        """The site's daily budget; without a model an answer costs nothing."""
        if self.global_chat_per_day is None and self.has_model:
            return CHAT_PER_DAY
        return self.global_chat_per_day

    @property
    def has_model(self) -> bool:
        return bool(self.models)

    @property
    def models(self) -> tuple[str, ...]:
        """Those in the order that are configured; a local OPENAI_BASE_URL needs no key."""
        configured = {
            "openai": self.openai_api_key or self.openai_base_url,
            "gemini": self.gemini_api_key,
        }
        return tuple(name for name in self.model_order if configured[name])


def _environment() -> dict[str, str]:
    """``.env`` below the process's own environment, in which a blank value counts as unset."""
    file = {name: value for name, value in _of_file().items() if value}
    return file | {name: value for name, value in os.environ.items() if value.strip()}


def _of_file() -> Mapping[str, str | None]:
    if not (path := ROOT / ".env").exists():
        return {}
    from dotenv import dotenv_values

    return dotenv_values(path)


def read_or_exit(*, serves: bool = False) -> Settings:
    """The process's settings; ends it with every wrong one named, a line each.

    What *serves* readers on a database of its own also needs a secret: sessions must outlive the
    process, and be valid in every replica.
    """
    try:
        settings = Settings.read()
    except BadSettings as bad:
        sys.exit(f"Footnote cannot start with these settings:\n{bad}")
    if serves and (settings.database_url or settings.on_vercel) and not settings.auth_secret:
        sys.exit(f"BETTER_AUTH_SECRET must be set with a database of your own: {values.OPENSSL}")
    return settings
