"""What an operator and a load balancer see."""

from pathlib import Path

from attrs import evolve

from settings import Settings
from tests.live import Live, Serve


def test_a_live_service_says_so(live: Live) -> None:
    """Whatever its parts do."""
    response = live.client.get("/health/live")

    assert response.json() == {"status": "alive"}
    assert response.headers["cache-control"] == "no-store"


def test_a_ready_service_names_its_parts(live: Live) -> None:
    """All well, with figures an operator can check."""
    ready = live.client.get("/health/ready").json()

    assert ready["status"] == "ready"
    assert {part["status"] for part in ready["parts"].values()} == {"ok"}
    assert "of 5 pages" in ready["parts"]["index"]["detail"]


def test_without_a_database_it_is_degraded(serve: Serve, settings: Settings) -> None:
    """Questions are still answered; the error's name helps, its text might tell too much."""
    dead = evolve(settings, database_url="postgresql://nobody:secret@127.0.0.1:1/nothing")
    response = serve(dead).client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["parts"]["database"]["status"] == "down"
    assert "secret" not in response.text


def test_an_unmigrated_database_is_named(serve: Serve, settings: Settings, empty_dsn: str) -> None:
    """With the command that helps."""
    parts = (
        serve(evolve(settings, database_url=empty_dsn)).client.get("/health/ready").json()["parts"]
    )

    assert parts["database"]["status"] in ("degraded", "down")
    assert "make migrate" in parts["database"]["detail"]


def test_without_an_index_it_is_not_ready(serve: Serve, settings: Settings, tmp_path: Path) -> None:
    """503 with the part that is missing: no question can be answered."""
    empty = evolve(settings, book=tmp_path / "missing", home=tmp_path)
    response = serve(empty).client.get("/health/ready")

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["error"] == "not_ready"
    assert response.json()["parts"]["index"]["status"] == "down"


def test_a_dead_qdrant_is_named_and_chat_is_honest(serve: Serve, settings: Settings) -> None:
    """Never an answer from a model's memory."""
    live = serve(evolve(settings, qdrant_url="http://127.0.0.1:1"))
    reply = live.ask("How do I light the lamp?").json()

    assert live.client.get("/health/ready").status_code == 503
    assert reply["degraded"] == ["retrieval"]
    assert reply["response"]["content"].startswith("The book cannot be searched right now.")
