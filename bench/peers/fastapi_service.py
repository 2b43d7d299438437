"""The service that people would write: FastAPI, the openai library, SQLAlchemy, qdrant-client.

Runs in an environment of its own, ``requirements-peer.txt``. It embeds the question, finds five
passages, asks the model and keeps the newest 50 conversations; it has no sessions, no limits, no
log of questions and no contract, which is in its favour.
"""

import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel, Field
from qdrant_client import AsyncQdrantClient
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

UPSTREAM = os.environ["UPSTREAM"]
HISTORY = 50

model = AsyncOpenAI(base_url=f"{UPSTREAM}/v1", api_key="sk-bench")
qdrant = AsyncQdrantClient(url=UPSTREAM, check_compatibility=False, timeout=10)
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=10, max_overflow=10)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Conversation(Base):
    __tablename__ = "peer_conversations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(index=True)
    query: Mapped[str]
    response: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), default=lambda: datetime.now(UTC)
    )


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


class Message(BaseModel):
    content: str = Field(min_length=1, max_length=4000)
    user_id: uuid.UUID | None = None
    metadata: dict[str, str] = {}


class ChatRequest(BaseModel):
    message: Message


class Answer(BaseModel):
    content: str
    message_id: uuid.UUID
    timestamp: datetime
    status: str


class ChatReply(BaseModel):
    response: Answer


class SavedExchange(BaseModel):
    user_id: uuid.UUID
    query: str
    response: str


class ConversationOut(BaseModel):
    model_config = {"from_attributes": True}

    id: uuid.UUID
    user_id: uuid.UUID
    query: str
    response: str
    created_at: datetime


async def prompt(question: str) -> list[dict[str, str]]:
    embedded = await model.embeddings.create(model="text-embedding-3-small", input=question)
    hits = await qdrant.query_points("book", query=embedded.data[0].embedding, limit=5)
    passages = "\n\n".join(point.payload["text"] for point in hits.points)
    return [
        {"role": "system", "content": f"Answer from the book only.\n{passages}"},
        {"role": "user", "content": question},
    ]


async def save(user_id: uuid.UUID, query: str, response: str) -> uuid.UUID:
    async with Session() as session:
        kept = Conversation(user_id=user_id, query=query, response=response)
        session.add(kept)
        await session.commit()
        newest = sa.select(Conversation.id).where(Conversation.user_id == user_id)
        beyond = newest.order_by(Conversation.created_at.desc()).offset(HISTORY)
        old = (await session.execute(beyond)).scalars().all()
        if old:
            await session.execute(sa.delete(Conversation).where(Conversation.id.in_(old)))
            await session.commit()
        return kept.id


@app.post("/chat/stream")
async def stream(body: ChatRequest) -> StreamingResponse:
    async def frames() -> AsyncIterator[str]:
        said = []
        question = body.message.content
        chunks = await model.chat.completions.create(
            model="gpt-5-mini", messages=await prompt(question), stream=True
        )
        async for chunk in chunks:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                said.append(text)
                yield f"data: {json.dumps({'content': text, 'status': 'partial'})}\n\n"
        if body.message.user_id:
            await save(body.message.user_id, question, "".join(said))
        yield f"data: {json.dumps({'content': '', 'status': 'success'})}\n\n"

    return StreamingResponse(frames(), media_type="text/event-stream")


@app.post("/chat")
async def chat(body: ChatRequest) -> ChatReply:
    question = body.message.content
    reply = await model.chat.completions.create(model="gpt-5-mini", messages=await prompt(question))
    text = reply.choices[0].message.content
    user_id = body.message.user_id
    message_id = await save(user_id, question, text) if user_id else uuid.uuid4()
    answer = Answer(
        content=text, message_id=message_id, timestamp=datetime.now(UTC), status="success"
    )
    return ChatReply(response=answer)


@app.post("/save", status_code=201)
async def save_conversation(body: SavedExchange) -> dict[str, uuid.UUID]:
    return {"id": await save(body.user_id, body.query, body.response)}


@app.get("/conversations/{user_id}")
async def conversations(user_id: uuid.UUID) -> list[ConversationOut]:
    newest = sa.select(Conversation).where(Conversation.user_id == user_id)
    newest = newest.order_by(Conversation.created_at.desc()).limit(HISTORY)
    async with Session() as session:
        found = (await session.execute(newest)).scalars().all()
    return [ConversationOut.model_validate(row) for row in found]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
