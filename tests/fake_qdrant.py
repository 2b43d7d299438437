"""A Qdrant server for tests: its REST routes on a real port, over qdrant-client's local mode.

with FakeQdrant() as qdrant:
    ...  # point a client at qdrant.url
    qdrant.status = 500  # every request gets this from now on
    qdrant.delay = 5.0  # or waits so many seconds first
    qdrant.stop()  # or finds nobody there

``qdrant.local`` is what it holds; ``qdrant.written`` lists what requests changed,
``qdrant.told`` how long the answers to others were, ``qdrant.read`` of how many points.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import uvicorn
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient, models
from qdrant_client.http.models.models import ChangeAliasesOperation, PointsList
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Body = Mapping[str, Any]


class FakeQdrant:
    def __init__(self) -> None:
        self.local = QdrantClient(":memory:")
        self.written: list[str] = []  # "PUT /collections/book/points", in order
        self.upserted = 0  # points
        self.told: list[int] = []  # the bytes of what searches and readings were answered
        self.read: list[int] = []  # how many points each reading asked for
        self.meanwhile: Callable[[], object] = lambda: None  # happens before a reading is answered
        self.indexed: dict[str, set[str]] = {}  # collection → the payload's members with an index
        self.status: int | None = None
        self.delay = 0.0  # seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self._app(), log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        sockets = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.port = self._listener.getsockname()[1]
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.local.close()

    def reset(self) -> None:
        """Forget everything, and work again."""
        for collection in self.local.get_collections().collections:
            self.local.delete_collection(collection.name)
        self.written.clear()
        self.told.clear()
        self.read.clear()
        self.meanwhile = lambda: None
        self.upserted, self.status, self.delay = 0, None, 0.0

    def stop(self) -> None:
        """Close the port, and every connection."""
        self._server.force_exit = self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _app(self) -> Starlette:
        points = "/collections/{name}/points"
        return Starlette(
            routes=[
                self._route("GET", "/aliases", lambda _, __: self.local.get_aliases()),
                self._route("POST", "/collections/aliases", self._alias),
                self._route("GET", "/collections", lambda _, __: self.local.get_collections()),
                self._route("GET", "/collections/{name}/exists", self._exists),
                self._route("PUT", "/collections/{name}", self._create),
                self._route("GET", "/collections/{name}", lambda name, _: self._info(name)),
                self._route("DELETE", "/collections/{name}", self._drop),
                self._route("PUT", "/collections/{name}/index", self._create_index),
                self._route("PUT", points, self._upsert),
                self._route("POST", points, self._retrieve),
                self._route("POST", f"{points}/query", self._query),
                self._route("POST", f"{points}/scroll", self._scroll),
                self._route("POST", f"{points}/delete", self._delete),
            ]
        )

    def _route(self, method: str, path: str, reply: Callable[[str, Body], Any]) -> Route:
        asks = method == "POST" and path.endswith(("/points", "/query", "/scroll"))

        async def endpoint(request: Request) -> Response:
            await asyncio.sleep(self.delay)
            if self.status:
                return JSONResponse({"status": {"error": "scripted"}}, self.status)
            if method != "GET" and not asks:
                self.written.append(f"{method} {request.url.path}")
            body = await request.json() if await request.body() else {}
            try:
                result = reply(request.path_params.get("name", ""), body)
            except ValueError as error:
                status = 404 if "not found" in str(error) else 400
                return JSONResponse({"status": {"error": str(error)}}, status)
            plain = to_jsonable_python(result, exclude_none=True)
            answer = JSONResponse({"result": plain, "status": "ok", "time": 0.0})
            if asks:
                self.told.append(len(answer.body))
            return answer

        return Route(path, endpoint, methods=[method])

    def _alias(self, _: str, body: Body) -> bool:
        return self.local.update_collection_aliases(
            ChangeAliasesOperation.model_validate(body).actions
        )

    def _exists(self, name: str, _: Body) -> object:
        return {"exists": self.local.collection_exists(name)}

    def _info(self, name: str) -> object:
        return self.local.get_collection(name)

    def _create(self, name: str, body: Body) -> bool:
        asked = models.CreateCollection.model_validate(body)
        return self.local.create_collection(
            name,
            vectors_config=asked.vectors or {},
            sparse_vectors_config=asked.sparse_vectors,
        )

    def _create_index(self, name: str, body: Body) -> object:
        self.indexed.setdefault(name, set()).add(body["field_name"])
        return {"operation_id": 0, "status": "completed"}

    def _drop(self, name: str, _: Body) -> bool:
        return self.local.delete_collection(name)

    def _upsert(self, name: str, body: Body) -> object:
        points = PointsList.model_validate(body).points
        self.upserted += len(points)
        return self.local.upsert(name, points)

    def _retrieve(self, name: str, body: Body) -> object:
        asked = models.PointRequest.model_validate(body)
        self.read.append(len(asked.ids))
        self.meanwhile()
        return self.local.retrieve(
            name,
            asked.ids,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )

    def _query(self, name: str, body: Body) -> object:
        asked = models.QueryRequest.model_validate(body)
        self._refuse_unindexed(name, body)
        return self.local.query_points(
            name,
            query=asked.query,
            prefetch=asked.prefetch,
            limit=asked.limit or 10,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )

    def _refuse_unindexed(self, name: str, body: Body) -> None:
        """As a server in strict mode does, of the filters that we send."""
        aliases = self.local.get_aliases().aliases
        target = next((a.collection_name for a in aliases if a.alias_name == name), name)
        filters = [prefetch.get("filter") or {} for prefetch in body.get("prefetch", ())]
        keys = {condition["key"] for found in filters for condition in found.get("must", ())}
        if missing := keys - self.indexed.get(target, set()):
            raise ValueError(f"Index required but missing for {sorted(missing)}")

    def _scroll(self, name: str, body: Body) -> object:
        asked = models.ScrollRequest.model_validate(body)
        points, offset = self.local.scroll(
            name,
            offset=asked.offset,
            limit=asked.limit or 10,
            with_payload=asked.with_payload or False,
            with_vectors=False,
        )
        return {"points": points, "next_page_offset": offset}

    def _delete(self, name: str, body: Body) -> object:
        return self.local.delete(name, models.PointIdsList.model_validate(body))
