"""URLs of Postgres as hosts show them and people paste them, made into what asyncpg takes.

Neon appends ``channel_binding``, Prisma ``pgbouncer`` and ``schema``, SQLAlchemy names a driver in
the scheme, shells leave quotes. asyncpg hands what it does not know to the server, which refuses
the connection. Pure: opens nothing.
"""

import re
import ssl
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from attrs import evolve, field

from records import frozen

SCHEME = re.compile(r"(?i)(postgres|postgresql)(\+[a-z0-9_]+)?://")
PASTED = re.compile(r"(?i)^(psql|(export\s+)?[A-Z_]+=)\s*")
QUOTES = "'\"`"
POOLER_PORTS = {6432, 6543}
CONNECT_SECONDS, LONGEST_CONNECT = 3.0, 30.0
VERIFYING = {"verify-ca", "verify-full"}

# What asyncpg reads from a URL (docs of asyncpg.connect), and two settings that servers take.
KNOWN = {
    *("host", "port", "dbname", "database", "user", "password", "passfile", "service"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs"),
    *("krbsrvname", "gsslib", "application_name", "options"),
}
# Understood here, and not passed on.
UNDERSTOOD = {"connect_timeout", "pgbouncer", "ssl"}


@frozen
class PostgresUrl:
    """Where a database is, and how to connect to it; its text form holds no password."""

    dsn: str = field(repr=False)  # for asyncpg
    host: str  # "" for a socket
    is_pooled: bool  # statements may each run on another server connection
    verifies: bool  # the server's certificate, against the system's authorities
    connect_seconds: float
    dropped: tuple[str, ...]  # names of the parameters that were left out

    @property
    def is_neon(self) -> bool:
        return self.host.endswith(".neon.tech")

    @property
    def ssl(self) -> ssl.SSLContext | None:
        """``None`` leaves it to the URL's sslmode."""
        return ssl.create_default_context() if self.verifies else None

    def direct(self) -> "PostgresUrl":
        """The server itself behind Neon's pooler, which migrations need; else the same."""
        if not self.is_neon or "-pooler." not in self.host:
            return self
        host = self.host.replace("-pooler.", ".", 1)
        dsn = self.dsn.replace(f"{self.host}", host, 1)
        return evolve(self, dsn=dsn, host=host, is_pooled=False)


def bare(pasted: str) -> str:
    """*pasted* as ``postgresql://…``, without quotes, ``psql`` and a driver's name.

    Raises ``ValueError`` when it is no URL of Postgres.
    """
    text = PASTED.sub("", pasted.strip()).strip().strip(QUOTES).strip()
    scheme = SCHEME.match(text)
    if not scheme:
        raise ValueError("must be a URL that starts with postgresql://")
    return f"postgresql://{text[scheme.end() :]}"


def normalise(pasted: str, *, pooled: bool = False) -> PostgresUrl:
    """How to connect to *pasted*; *pooled* says that a pooler is there, however it is called.

    A certificate is verified wherever the URL asks for it, and always at Neon, which thereby gets
    the protection that its ``channel_binding=require`` asks for; asyncpg cannot bind channels.
    Raises ``ValueError``.
    """
    parts = urlsplit(bare(pasted))
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = (parts.hostname or "").lower()
    if given.get("ssl", "").lower() in ("true", "1", "require"):
        given.setdefault("sslmode", "require")
    verifies = _verifies(host, given)
    known = {k: v for k, v in given.items() if k in KNOWN and not (verifies and k in _SSL)}
    return PostgresUrl(
        dsn=urlunsplit(parts._replace(query=urlencode(known))),
        host=host,
        is_pooled=pooled or given.get("pgbouncer") == "true" or _looks_pooled(parts),
        verifies=verifies,
        connect_seconds=_connect_seconds(given.get("connect_timeout", "")),
        dropped=tuple(sorted(given.keys() - KNOWN - UNDERSTOOD)),
    )


_SSL = {"sslmode", "sslrootcert"}


def _verifies(host: str, given: dict[str, str]) -> bool:
    """Whether we bring the context; a root certificate of the user's own is left to asyncpg."""
    if given.get("sslrootcert", "system") != "system" or "sslcert" in given:
        return False
    return given.get("sslmode") in VERIFYING or host.endswith(".neon.tech")


def _looks_pooled(parts: SplitResult) -> bool:
    return "-pooler" in (parts.hostname or "") or parts.port in POOLER_PORTS


def _connect_seconds(text: str) -> float:
    """Libpq's ``connect_timeout``, within reason: a reader is waiting."""
    seconds = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
    return min(float(seconds), LONGEST_CONNECT) if seconds else CONNECT_SECONDS
