"""What every request can reach: opened by the lifespan, closed after it."""

from typing import TypedDict

from agent import Agent
from answers import Answers
from credentials.passwords import Passwords
from credentials.tokens import Signer
from database import Database
from history import History
from limits import Limits
from readers import SeenSessions
from relay import Relays
from settings import Settings
from storage import Storage


class State(TypedDict):
    settings: Settings
    db: Database | None  # None: no database is configured
    agent: Agent
    answers: Answers
    history: History
    limits: Limits
    relays: Relays
    passwords: Passwords
    signer: Signer
    seen: SeenSessions
    storage: Storage
