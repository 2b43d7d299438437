"""What the text of one setting means: a port, a list of origins, a secret.

Each function takes a value that is neither blank nor padded. It raises ``ValueError`` with what
follows the setting's name in a sentence, and never quotes the value: it may be a secret that was
pasted into the wrong place. Knows no setting by name.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from postgres_url import bare

OPENSSL = "openssl rand -base64 32"
MODELS = ("openai", "gemini")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# ASCII: a browser sends bücher.example as xn--bcher-kva.example, so that must stand here.
ORIGIN = re.compile(r"(?ai)https?://([a-z0-9_]([\w.-]*\w)?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
PRICE = re.compile(
    r"(?a)(?P<model>\S+?)\s*=\s*(?P<prompt>\d{1,6}(\.\d{1,9})?)"
    r"\s*/\s*(?P<completion>\d{1,6}(\.\d{1,9})?)"
)


def text(value: str) -> str:
    return value


def path(value: str) -> Path:
    return Path(value).expanduser()


def port(value: str) -> int:
    if not value.isdecimal() or not 0 <= int(value) <= 65535:
        raise ValueError("must be a port, 0 to 65535")
    return int(value)


def seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 1 <= number <= 600:
        raise ValueError("must be seconds, 1 to 600")
    return number


def grace(value: str) -> float:
    return 0.0 if value == "0" else seconds(value)


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isdecimal() or not low <= int(value[:20]) <= high:
            raise ValueError(f"must be a whole number, {low} to {high}")
        return int(value)

    return parse


def switch(value: str) -> bool:
    if value.lower() not in ("on", "off", "1", "0", "true", "false"):
        raise ValueError("must be on or off")
    return value.lower() in ("on", "1", "true")


def names(value: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in value.split(",") if name.strip())


def model_order(value: str) -> tuple[str, ...]:
    listed = names(value)
    if not listed or len(set(listed)) < len(listed) or not set(listed) <= set(MODELS):
        raise ValueError(f"must list some of {', '.join(MODELS)}, each once")
    return listed


def model_prices(value: str) -> Mapping[str, tuple[float, float]]:
    prices: dict[str, tuple[float, float]] = {}
    for price in filter(None, map(str.strip, value.split(","))):
        match = PRICE.fullmatch(price)
        if not match:
            raise ValueError("must list prices such as gpt-5-mini=0.25/2.00")
        prices[match["model"]] = float(match["prompt"]), float(match["completion"])
    return prices


def header_name(value: str) -> str:
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


def origins(value: str) -> tuple[str, ...]:
    """Origins as browsers send them; ``*`` stands alone."""
    listed = [origin.strip().removesuffix("/") for origin in value.split(",") if origin.strip()]
    if listed == ["*"]:
        return ("*",)
    if not all(ORIGIN.fullmatch(origin) for origin in listed):
        raise ValueError("must list origins such as https://docs.example.org, or be *")
    return tuple(map(origin_of, listed))


def log_level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return value.upper()


def secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError(f"must have 32 characters or more: {OPENSSL}")
    if len(set(value)) < 10 or value.startswith("better-auth-secret-"):
        raise ValueError(f"can be guessed; make another: {OPENSSL}")
    return value


def http_url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that starts with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("must not contain a user or a password: it is shown in messages")
    return value


def postgres_url(value: str) -> str:
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
