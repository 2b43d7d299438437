"""The ASGI app: openapi.yaml and the handlers become routes, ``resources.py`` what they reach.

``app`` is for uvicorn and Vercel; tests make their own with ``create_app``. Nothing here touches
the network: a service whose database, index and model are all dead starts, and says so.
"""

import gc

# What a start makes stays, and walking through it again and again was a tenth of a start: a few
# looks at what is new find the 1 MiB that making classes leaves behind. See the end.
gc.set_threshold(20_000, 1_000, 1_000)

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

import local
import logs
from authentication import authenticate
from border import Border
from contract import Contract, Handler
from contract import routes as contract_routes
from cross_site import outermost
from metrics import Metrics
from resources import opened
from routes import (
    account_data,
    accounts,
    book,
    chat,
    chatkit,
    completions,
    conversations,
    health,
    pages,
    reference,
)
from routes import metrics as metrics_page
from settings import Settings, read_or_exit
from state import State

HANDLERS: Mapping[str, Handler] = {
    "change_password": accounts.change_password,
    "chatkit": chatkit.chatkit,
    "create_chat_completion": completions.create_chat_completion,
    "delete_account": account_data.delete_account,
    "delete_conversation": conversations.delete_conversation,
    "export_account": account_data.export_account,
    "get_book": book.get_book,
    "get_chatkit_config": chatkit.get_chatkit_config,
    "get_conversation": conversations.get_conversation,
    "get_liveness": health.get_liveness,
    "get_readiness": health.get_readiness,
    "get_session": accounts.get_session,
    "give_feedback": conversations.give_feedback,
    "list_models": completions.list_models,
    "list_conversations": conversations.list_conversations,
    "login": accounts.login,
    "logout": accounts.logout,
    "register": accounts.register,
    "resume_stream": chat.resume_stream,
    "stop_stream": chat.stop_stream,
    "rename_conversation": conversations.rename_conversation,
    "save_conversation": conversations.save_conversation,
    "send_chat": chat.send_chat,
    "start_guest": accounts.start_guest,
    "stream_chat": chat.stream_chat,
}


class Service(Starlette):
    """Starlette without its two layers for exceptions, which each frame of a stream goes through.

    What they would answer, the border does.
    """

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = self.router
        for layer in reversed(self.user_middleware):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        return app


def create_app(settings: Settings) -> Starlette:
    """One app around *settings*."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        logs.configure(settings.log_level)
        async with local.opened(settings) as here, opened(here, metrics) as state:
            yield state

    metrics = Metrics()
    contract = Contract.load(Path(__file__).with_name("openapi.yaml"))
    app = Service(
        routes=[
            *contract_routes(contract, HANDLERS, authenticate),
            *pages.routes(),
            *reference.routes(contract),
            *metrics_page.routes(metrics, settings.metrics_token),
        ],
        middleware=[*outermost(settings, metrics), Middleware(Border, metrics=metrics)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # it would build a Location from the caller's Host header
    return app


app = create_app(read_or_exit(serves=True))
gc.freeze()  # no later collection walks through what a start has made
# A question leaves no rings, so the collector finds nothing; but a look at all of 200 streams takes
# it up to 165 ms, in which everyone waits. So it looks at what is new, and at the rest seldom.
gc.set_threshold(20_000, 50, 10)
