"""The environment as one frozen record; the only reader of ``os.environ`` and of ``.env``.

Every setting is optional; docs/settings.md explains each, and a test holds that page to this file.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from attrs import field, fields, frozen

from postgres_url import bare

ROOT = Path(__file__).resolve().parent
CHAT_PER_DAY = 1000  # answers that models write, unless GLOBAL_CHAT_PER_DAY says otherwise
OPENSSL = "openssl rand -base64 32"
MODELS = ("openai", "gemini")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# ASCII: a browser sends bücher.example as xn--bcher-kva.example, so that must stand here.
ORIGIN = re.compile(r"(?ai)https?://([a-z0-9_]([\w.-]*\w)?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")

PRICE = re.compile(
    r"(?a)(?P<model>\S+?)\s*=\s*(?P<prompt>\d{1,6}(\.\d{1,9})?)"
    r"\s*/\s*(?P<completion>\d{1,6}(\.\d{1,9})?)"
)


class BadSettings(ValueError):
    """Settings that cannot be used; the message names every one of them, a line each."""


def _text(value: str) -> str:
    return value


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 <= int(value) <= 65535:
        raise ValueError("must be a port, 0 to 65535")
    return int(value)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 600:
        raise ValueError("must be seconds, 1 to 600")
    return seconds


def _grace(value: str) -> float:
    return 0.0 if value == "0" else _seconds(value)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isdecimal() or not low <= int(value[:20]) <= high:
            raise ValueError(f"must be a whole number, {low} to {high}")
        return int(value)

    return parse


def _switch(value: str) -> bool:
    if value.lower() not in ("on", "off", "1", "0", "true", "false"):
        raise ValueError("must be on or off")
    return value.lower() in ("on", "1", "true")


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in value.split(",") if name.strip())


def _model_order(value: str) -> tuple[str, ...]:
    names = _names(value)
    if not names or len(set(names)) < len(names) or not set(names) <= set(MODELS):
        raise ValueError(f"must list some of {', '.join(MODELS)}, each once")
    return names


def _model_prices(value: str) -> Mapping[str, tuple[float, float]]:
    prices: dict[str, tuple[float, float]] = {}
    for price in filter(None, map(str.strip, value.split(","))):
        match = PRICE.fullmatch(price)
        if not match:
            raise ValueError("must list prices such as gpt-5-mini=0.25/2.00")
        prices[match["model"]] = float(match["prompt"]), float(match["completion"])
    return prices


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", value):
        raise ValueError("must be the name of a header")
    if value.lower() in ("x-forwarded-for", "forwarded"):
        raise ValueError("must be a header that only your proxy writes; callers write that one")
    return value.lower()


def origin_of(url: str) -> str:
    """The origin of an http URL as browsers send it: lower case, no default port, no path."""
    parts = _parts(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


def _origins(value: str) -> tuple[str, ...]:
    """Origins as browsers send them; ``*`` stands alone."""
    origins = [origin.strip().removesuffix("/") for origin in value.split(",") if origin.strip()]
    if origins == ["*"]:
        return ("*",)
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("must list origins such as https://docs.example.org, or be *")
    return tuple(map(origin_of, origins))


def _log_level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return value.upper()


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError(f"must have 32 characters or more: {OPENSSL}")
    if len(set(value)) < 10 or value.startswith("better-auth-secret-"):
        raise ValueError(f"can be guessed; make another: {OPENSSL}")
    return value


def _http_url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that starts with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("must not contain a user or a password: it is shown in messages")
    return value


def _postgres_url(value: str) -> str:
    url = bare(value)
    _parts(url)
    return url


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname  # which are parsed only now
    except ValueError:  # its text quotes a part of the URL, perhaps of the password
        raise ValueError("must be a URL; write special characters in it as %XX") from None
    return parts


def _setting(
    parse: Callable[[str], Any], *names: str, default: Any = None, secret: bool = False
) -> Any:
    """A field read from the first of *names* that is set and not blank."""
    metadata = {"names": names, "parse": parse}
    return field(default=default, repr=not secret, metadata=metadata)


@frozen(kw_only=True)
class Settings:
    host: str = _setting(_text, "HOST", default="127.0.0.1")
    port: int = _setting(_port, "PORT", default=8000)
    book: Path = _setting(_path, "BOOK", default=ROOT / "docs")
    book_url: str | None = _setting(_http_url, "BOOK_URL")
    home: Path = _setting(_path, "FOOTNOTE_HOME", default=ROOT / ".footnote")
    database_url: str | None = _setting(
        _postgres_url, "NEON_DATABASE_URL", "DATABASE_URL", secret=True
    )
    database_pooler: bool = _setting(_switch, "DATABASE_POOLER", default=False)
    qdrant_url: str | None = _setting(_http_url, "QDRANT_URL")
    qdrant_api_key: str | None = _setting(_text, "QDRANT_API_KEY", secret=True)
    qdrant_collection: str = _setting(_text, "QDRANT_COLLECTION", default="footnote")
    openai_api_key: str | None = _setting(_text, "OPENAI_API_KEY", secret=True)
    openai_base_url: str | None = _setting(_http_url, "OPENAI_BASE_URL")
    openai_model: str = _setting(_text, "OPENAI_MODEL", default="gpt-5-mini")
    gemini_api_key: str | None = _setting(_text, "GEMINI_API_KEY", secret=True)
    gemini_model: str = _setting(_text, "GEMINI_MODEL", default="gemini-2.5-flash")
    model_order: tuple[str, ...] = _setting(_model_order, "MODEL_ORDER", default=MODELS)
    # US dollars for a million tokens, of the prompt and of the answer
    model_prices: Mapping[str, tuple[float, float]] = _setting(
        _model_prices, "MODEL_PRICES", default=MappingProxyType({})
    )
    answer_cache: int = _setting(_whole(0, 100_000), "ANSWER_CACHE", default=500)
    auth_secret: str | None = _setting(_secret, "BETTER_AUTH_SECRET", "AUTH_SECRET", secret=True)
    previous_auth_secret: str | None = _setting(_secret, "BETTER_AUTH_SECRET_PREVIOUS", secret=True)
    better_auth_url: str | None = _setting(_http_url, "BETTER_AUTH_URL")
    public_url: str | None = _setting(_http_url, "PUBLIC_URL")
    internal_api_key: str | None = _setting(_text, "INTERNAL_API_KEY", secret=True)
    bcrypt_cost: int = _setting(_whole(10, 15), "BCRYPT_COST", default=12)
    history_limit: int = _setting(_whole(1, 1000), "HISTORY_LIMIT", default=50)
    rate_limits: bool = _setting(_switch, "RATE_LIMITS", default=True)
    global_chat_per_day: int | None = _setting(_whole(0, 10_000_000), "GLOBAL_CHAT_PER_DAY")
    client_ip_header: str | None = _setting(_header_name, "CLIENT_IP_HEADER")
    cors_origins: tuple[str, ...] = _setting(_origins, "CORS_ORIGINS", default=())
    media_hosts: tuple[str, ...] = _setting(_names, "ALLOWED_MEDIA_HOSTS", default=())
    on_vercel: bool = _setting(_switch, "VERCEL", default=False)
    embedding_model: str | None = _setting(_text, "EMBEDDING_MODEL")
    answers_at_once: int = _setting(_whole(1, 100_000), "ANSWERS_AT_ONCE", default=200)
    answers_waiting: int = _setting(_whole(0, 100_000), "ANSWERS_WAITING", default=100)
    resume_grace: float = _setting(_grace, "RESUME_GRACE", default=10.0)  # seconds
    spool_directory: Path | None = _setting(_path, "SPOOL_DIR")
    spool_max_mb: int = _setting(_whole(1, 100_000), "SPOOL_MAX_MB", default=256)
    agent_timeout: float = _setting(_seconds, "AGENT_TIMEOUT", default=30.0)  # seconds
    log_level: str = _setting(_log_level, "LOG_LEVEL", default="INFO")
    chatkit_domain_key: str = _setting(_text, "CHATKIT_DOMAIN_KEY", default="local-dev")
    metrics_token: str | None = _setting(_text, "METRICS_TOKEN", secret=True)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Settings of the process: *environ* first, then ``.env`` beside this file.

        Raises ``BadSettings`` naming every setting that cannot be used, never its value.
        """
        environ = _environment() if environ is None else environ
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for attribute in fields(cls):
            names = attribute.metadata["names"]
            name = next((n for n in names if environ.get(n, "").strip()), None)
            if name is None:
                continue
            try:
                values[attribute.name] = attribute.metadata["parse"](environ[name].strip())
            except ValueError as error:
                wrong.append(f"{name} {error}")
        if wrong:
            raise BadSettings("\n".join(wrong))
        return cls(**values)

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
        sys.exit(f"BETTER_AUTH_SECRET must be set with a database of your own: {OPENSSL}")
    return settings
