"""How the service is."""

from typing import Literal

from attrs import frozen

PartStatus = Literal["ok", "degraded", "down"]


@frozen
class Part:
    status: PartStatus
    detail: str


@frozen
class Parts:
    database: Part
    index: Part
    model: Part


@frozen
class Readiness:
    status: Literal["ready", "degraded"]
    parts: Parts


@frozen
class Liveness:
    status: Literal["alive"] = "alive"
