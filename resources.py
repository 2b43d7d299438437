"""What requests reach: settings become a database, an agent, answers, and all else of ``state.py``.

Each is opened after what it needs and closed before it. Connects to nothing, and knows no route.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from secrets import token_urlsafe
from types import FrameType
from urllib.parse import urlsplit

from agent import Agent
from agent.embedding import open_embedder
from agent.index import Location, index_directory
from agent.providers import Provider
from agent.providers.cache import AnswerCache
from agent.providers.failover import Failover
from agent.providers.openai_compatible import GEMINI, OPENAI, OpenAICompatible
from agent.retrieval import Retriever
from answers import Admission, Answers
from credentials.passwords import Passwords
from credentials.tokens import Signer
from database import POOL_SIZE, SMALL_POOL_SIZE, Database, open_database
from history import History
from limits import Limits
from metrics import Metrics
from readers import SeenSessions
from relay import Relays
from settings import Settings
from spool import Spool
from state import State
from storage import Storage


@asynccontextmanager
async def opened(here: Settings, metrics: Metrics) -> AsyncIterator[State]:
    """What requests reach, until the block ends. Connects to nothing yet."""
    async with AsyncExitStack() as stack:
        db = await _database(here, stack)
        agent = open_agent(here)
        stack.push_async_callback(agent.close)
        if not here.on_vercel:  # where a request waits for the start, and nothing runs after it
            await stack.enter_async_context(running(agent.warm()))
        passwords = Passwords(here.bcrypt_cost)
        stack.callback(passwords.close)
        storage = await _storage(here, stack, db, metrics)
        answers = Answers(
            agent,
            storage.add,
            seconds=here.agent_timeout,
            grace=here.resume_grace,
            admission=Admission(at_once=here.answers_at_once, waiting=here.answers_waiting),
        )
        relays = Relays(db, answers, here.agent_timeout + here.resume_grace)
        await stack.enter_async_context(running(relays.serving()))
        stack.push_async_callback(relays.close)
        stack.push_async_callback(answers.close)
        stack.enter_context(ending_streams(answers))
        # Where no secret can be kept, sessions end with the process.
        secret = here.auth_secret or token_urlsafe(48)
        state: State = {
            "settings": here,
            "db": db,
            "agent": agent,
            "answers": answers,
            "history": storage.history,
            "limits": Limits(db, secret=secret, enabled=here.rate_limits),
            "relays": relays,
            "passwords": passwords,
            "signer": Signer(tuple(filter(None, (secret, here.previous_auth_secret)))),
            "seen": SeenSessions(),
            "storage": storage,
        }
        watch(metrics, state)
        yield state


async def _database(here: Settings, stack: AsyncExitStack) -> Database | None:
    if not here.database_url:
        return None
    size = SMALL_POOL_SIZE if here.on_vercel else POOL_SIZE  # of many processes
    opening = open_database(here.database_url, pooled=here.database_pooler, size=size)
    return await stack.enter_async_context(opening)


async def _storage(
    here: Settings, stack: AsyncExitStack, db: Database | None, metrics: Metrics
) -> Storage:
    spool = Spool(here.spool, here.spool_max_mb << 20) if db else None
    if spool:
        stack.push_async_callback(spool.close)
    history = History(db, here.history_limit)
    storage = Storage(db, history, spool, metrics, is_fleeting=here.on_vercel)
    await stack.enter_async_context(running(storage.replaying()))
    return storage


def watch(metrics: Metrics, state: State) -> None:
    """What a scrape asks for."""
    answers, agent, db = state["answers"], state["agent"], state["db"]
    metrics.watch("answers_running", lambda: answers.load[0])
    metrics.watch("answers_waiting", lambda: answers.load[1])
    models = agent.models.breakers if agent.models else ()
    for breaker in (*models, agent.retriever.breaker, *([db.breaker] if db else [])):
        metrics.watch("breaker_open", partial(getattr, breaker, "is_open"), dependency=breaker.name)
    if db:
        metrics.watch("database_connections", lambda: db.connections[0], state="used")
        metrics.watch("database_connections", lambda: db.connections[1], state="idle")
    if spool := state["storage"].spool:
        metrics.watch("spool_bytes", spool.size)
        metrics.watch("spool_age_seconds", spool.age)


@contextmanager
def ending_streams(answers: Answers) -> Iterator[None]:
    """At SIGTERM or Ctrl-C, end the running answers first, each with a final frame.

    uvicorn waits for open streams, and cuts them, before it ends the lifespan; so its handler is
    preceded by ours. Only the main thread may handle signals; elsewhere there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(answers.stop)
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in previous:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """*work* beside the block; it ends with the block at the latest."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def open_agent(settings: Settings) -> Agent:
    """The agent that *settings* describe; connects to nothing yet."""
    embedder = open_embedder(
        settings.embedding_model,
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
    )
    location = Location(
        directory=index_directory(settings.home, settings.book),
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key,
        collection=settings.qdrant_collection,
    )
    providers = tuple(model_providers(settings))
    models = Failover(providers, AnswerCache(settings.answer_cache), settings.model_prices)
    book_host = urlsplit(settings.book_url or "").hostname
    return Agent(
        Retriever(location, embedder),
        models if providers else None,
        media_hosts={*settings.media_hosts, *filter(None, [book_host])},
    )


def model_providers(settings: Settings) -> Iterator[Provider]:
    """The models that can be asked, in the order of failover."""
    for name in settings.models:
        if name == "openai":
            yield OpenAICompatible(
                name=name,
                model=settings.openai_model,
                base_url=settings.openai_base_url or OPENAI,
                api_key=settings.openai_api_key,
                # A model that reasons for long spends the time that the first words have.
                reasoning_effort=None if settings.openai_base_url else "low",
            )
        else:
            yield OpenAICompatible(
                name=name,
                model=settings.gemini_model,
                base_url=GEMINI,
                api_key=settings.gemini_api_key,
            )
