"""Is the process up, and may it get traffic."""

import asyncio

from starlette.requests import Request

from agent.retrieval import OUTAGES as INDEX_OUTAGES
from contract import converter
from database import OUTAGES as DATABASE_OUTAGES
from migrate import NAMES
from models import Liveness, Part, Parts, Readiness
from problems import DatabaseOutdated, NotReady
from queries import migrations
from state import State

PING_SECONDS = 1.0


async def get_liveness(request: Request[State]) -> Liveness:
    """GET /health/live

    Looks at nothing: a dead database is no reason to kill the process.
    """
    return Liveness()


async def get_readiness(request: Request[State]) -> Readiness:
    """GET /health/ready

    Raises ``NotReady`` with the parts when no question can be answered.
    """
    state = request.state
    database, index = await asyncio.gather(_database(state), _index(state))
    parts = Parts(database=database, index=index, model=_model(state))
    if index.status == "down":
        raise NotReady(index.detail, parts=converter().unstructure(parts))
    well = all(part.status == "ok" for part in (database, index, parts.model))
    return Readiness("ready" if well else "degraded", parts)


async def _database(state: State) -> Part:
    if state["db"] is None:
        return Part("down", "No database is configured; questions are logged as lines.")
    try:
        async with asyncio.timeout(PING_SECONDS):
            applied = await migrations.applied(state["db"])
    except DatabaseOutdated:
        return Part("degraded", "Run `make migrate`: the database is empty.")
    except DATABASE_OUTAGES as error:
        cause = type(error.__cause__ or error).__name__
        return Part("down", f"The database does not answer ({cause}).")
    if missing := sorted(set(NAMES) - set(applied)):
        return Part("degraded", f"Run `make migrate`: it lacks {', '.join(missing)}.")
    return Part("ok", "The database answers.")


async def _index(state: State) -> Part:
    try:
        async with asyncio.timeout(PING_SECONDS):
            index = await state["agent"].retriever.index()
            await index.ping()
    except INDEX_OUTAGES as error:
        # The sentence may name paths and addresses: it is for the operator, so it is in the log.
        return Part("down", f"The index cannot be used ({type(error).__name__}); the log says why.")
    manifest = index.manifest
    size = f"{manifest.passages} passages of {manifest.pages} pages"
    if not manifest.dimensions and state["agent"].retriever.embeds:
        return Part("degraded", f"{size}, found by words alone until they are embedded.")
    return Part("ok", f"{size}.")


def _model(state: State) -> Part:
    models = state["agent"].models
    if models is None:
        return Part("ok", "No model is configured; answers quote the book word for word.")
    return Part("ok", " → ".join(f"{p.name} ({p.model})" for p in models.providers))
