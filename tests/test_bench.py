"""The bench measures what it says: its model and readers agree, and its verdicts follow figures."""

import shutil
import socket
import time
from collections.abc import Iterator

import pytest

from bench import capacity, chart, gate
from bench.page import page
from bench.rig import pgbench
from bench.rig.load import Load, asked
from bench.rig.rivals import RELAY
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, named
from settings import ROOT

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="the bench needs gcc")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("bench")) as model:
        yield model


def test_readers_time_every_token_and_miss_none(model: Upstream) -> None:
    """Paced or not, each token of each stream is counted once, with its time on the way."""
    for every_us in (0, 500):
        model.behave(tokens=40, every_us=every_us)
        seen = asked(model.server, RELAY, Load(streams=5, requests=20, tokens=40))

        assert (seen["errors"], seen["lost"], seen["tokens"]) == (0, 0, 20 * 40)
        assert 0 < seen["token_way_ms"]["p50"] < seen["total_ms"]["max"]
        assert seen["server_cpu"] > 0


def test_readers_tell_what_is_missing(model: Upstream) -> None:
    """An answer that is shorter than it should be is an error, and its tokens are lost ones."""
    model.behave(tokens=30, every_us=0)
    seen = asked(model.server, RELAY, Load(requests=2, tokens=40))

    assert (seen["errors"], seen["lost"]) == (2, 2 * 10)


def test_the_model_knows_when_its_reader_left(model: Upstream) -> None:
    """So that it can be told how long a service goes on asking for nobody."""
    model.behave(tokens=1000, every_us=1000)
    before, _ = model.hung_up
    body = RELAY.bodies[0]
    with socket.create_connection(("127.0.0.1", model.server.port)) as connection:
        head = f"POST {RELAY.path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n"
        connection.sendall((head + body).encode())
        connection.recv(1)
        assert model.open_streams == 1
    left = time.monotonic_ns()
    model.await_silence(seconds=5)
    count, at = model.hung_up

    assert count == before + 1
    assert left - 1e8 < at < time.monotonic_ns()


@pytest.mark.parametrize(("cost", "is_passed"), [(4.6, True), (5.7, True), (5.8, False)])
def test_the_gate_forgives_a_quarter(
    cost: float, *, is_passed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ratio may exceed its target by a quarter and no more; what was not measured is no fault."""
    figures = {
        gate.relay("Footnote"): cost,
        gate.relay("nginx"): 1.0,
        "reader|Footnote|gone p50 ms": 5.0,
    }

    assert (list(gate.verdicts(figures)) == []) == is_passed
    assert "not measured" in capsys.readouterr().out


def test_the_gate_fails_when_the_model_is_not_left(capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens for nobody are paid, too."""
    assert list(gate.verdicts({"reader|Footnote|gone p50 ms": 130.0})) == ["left"]
    assert "FAIL" in capsys.readouterr().out


def test_the_page_says_which_targets_are_missed() -> None:
    """Beside the figure of before, which only our own rows carry."""
    rows = {"nginx": 10.0, "Footnote": 45.0}
    rounds = Rounds()
    for name, cost in rows.items():
        rounds.add(named("stream", "200 × 50/s", name, samples={"relay µs/token": cost}))
    circumstances = {"command": "", "commit": "", "date": "", "machine": "", "load": 0}
    known = {"stream": {"measured": circumstances | {"versions": {}}, "figures": rounds.figures}}

    text = page(known, known)

    assert "| relayed token, CPU, to nginx | ≤ 3× | 4.5 | 4.5 | **missed** |" in text
    assert "| nginx | 10 |" in text
    assert "| Footnote | 45 (45) |" in text


def test_pgbench_runs_the_statement_that_we_run() -> None:
    """Every parameter of the statement in ``queries/`` has got a value; only its own are left."""
    script = pgbench.save(readers=40)

    assert "keep_exchange(" in script
    assert ":exchanges" not in script
    assert ":user_id" not in script


def test_the_chart_has_a_plot_for_each_kind() -> None:
    """With a point for each size, as an image that stands alone."""
    figures = {f"growth|streams|{size}|CPU µs/token": 20.0 for size in (1, 100, 5000)}

    drawn = chart.drawn(figures | {"growth|passages|100|CPU ms/answer": 3.0})

    assert drawn.startswith("<svg ")
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4


def test_the_handbooks_capacity_sheet_is_computed_from_what_was_measured() -> None:
    """To the letter; `python -m bench.capacity` prints it."""
    page = (ROOT / "docs" / "scaling.md").read_text()

    assert capacity.sheet(capacity.measured()) in page
