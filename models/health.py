"""How the service is."""

from typing import Literal

from records import record

PartStatus = Literal["ok", "degraded", "down"]


@record()
class Part:
    status: PartStatus
    detail: str


@record()
class Parts:
    database: Part
    index: Part
    model: Part


@record()
class Readiness:
    status: Literal["ready", "degraded"]
    parts: Parts


@record()
class Liveness:
    status: Literal["alive"] = "alive"
