"""The evaluation finds what is right and what is wrong, and says so by its exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evaluate.report import Report, chart, regressions, table
from agent.evaluate.sets import Gold, SetMissing, read_set
from settings import ROOT
from tests.live import BOOK

QUESTIONS = [
    {"question": "How do I light the lamp?", "page": "lamp.md", "answer": "Open the vent"},
    {"question": "How long is a blast of the fog signal?", "page": "fog.md", "answer": "five"},
    {"question": "Which gull is the keeper's favourite?", "page": "day.md", "answer": "nowhere"},
    {"question": "Who won the football world cup?"},
    {"question": "How do I light the lamp?"},
]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of which one is wrongly said to be answered, and one wrongly not to be."""
    file = tmp_path_factory.mktemp("questions") / "own.jsonl"
    file.write_text("\n".join(map(json.dumps, QUESTIONS)))
    return file


def evaluate(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent.evaluate", "--home", str(home), *arguments]
    environment = {"BOOK": str(BOOK), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )


def test_an_owners_questions_are_measured(questions: Path, tmp_path: Path) -> None:
    """On their own book: each kind of failure shows in its own figure."""
    ended = evaluate(tmp_path, "--set", str(questions), "--json", "--misses")
    own = json.loads(ended.stdout)["own"]

    assert ended.returncode == 0, ended.stderr
    assert own["retrieval"]["hit@5"] == pytest.approx(2 / 3)
    assert own["answers"]["in the quotes"] == pytest.approx(2 / 3)
    assert own["refusal"]["refused"] == pytest.approx(1 / 2)
    assert own["citations"]["verbatim"] == own["citations"]["markers"] == 1
    assert "not refused" in ended.stderr


def test_a_regression_fails(questions: Path, tmp_path: Path) -> None:
    """With the measure's name; against a baseline that it reaches, nothing fails."""
    baseline, page = tmp_path / "baseline.json", tmp_path / "chart.html"
    arguments = ["--set", str(questions), "--baseline", str(baseline)]
    assert evaluate(tmp_path, *arguments, "--write-baseline").returncode == 0
    assert evaluate(tmp_path, *arguments, "--chart", str(page)).returncode == 0
    lost = tmp_path / questions.name
    lost.write_text("\n".join(json.dumps({**row, "page": "day.md"}) for row in QUESTIONS[:3]))
    arguments[1] = str(lost)
    ended = evaluate(tmp_path, *arguments, "--mode", "retrieval")

    assert ended.returncode == 1
    assert "worse: own retrieval hit@5" in ended.stderr.splitlines()
    assert "66.7 %" in ended.stdout
    assert "<svg" in page.read_text()
    assert "<svg" in (tmp_path / "evaluation.html").read_text()


def test_the_handbook_is_answered_as_well_as_ever(tmp_path: Path) -> None:
    """Ninety questions in readers' words, against the committed baseline."""
    command = [sys.executable, "-m", "agent.evaluate", "--home", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "handbook  refusal    kept" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--set", "nowhere.jsonl"], 3), (["--mode", "charm"], 2), (["--set", "squad"], 3)],
)
def test_what_cannot_be_measured_is_said(tmp_path: Path, arguments: list[str], code: int) -> None:
    """A sentence, no traceback."""
    ended = evaluate(tmp_path, *arguments, "--data", str(tmp_path))

    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
    assert ended.stderr


def test_a_missing_set_names_its_file(tmp_path: Path) -> None:
    """The data are not in the repository."""
    with pytest.raises(SetMissing, match=r"squad2.*corpus\.jsonl\.gz"):
        read_set("squad", data=tmp_path)


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        ("make them mutable", "You can *make* them\n`mutable`.", True),
        ("the lamp", "See [the lamp](lamp.md).", True),
        ("the lamp", "The wick.", False),
    ],
)
def test_an_answer_is_looked_for_without_markup(answer: str, text: str, *, expected: bool) -> None:
    """Gold answers are words, and the book is Markdown."""
    assert Gold(question="?", answers=(answer,)).is_in(text) is expected


SHARES = st.dictionaries(
    st.sampled_from(["hit@1", "hit@5", "kept"]), st.floats(0, 1), min_size=1, max_size=3
)


@given(SHARES, SHARES)
def test_only_what_got_worse_is_a_regression(
    now: dict[str, float], before: dict[str, float]
) -> None:
    """By more than one question; a measure that the baseline lacks cannot be worse."""
    report: Report = {"own": {"retrieval": {**now, "questions (number)": 50}}}
    known: Report = {"own": {"retrieval": before}}
    worse = {line.measure for line in regressions(report, known)}

    assert worse == {m for m in now.keys() & before.keys() if now[m] < before[m] - 1.01 / 50}
    assert table(report, known).count("worse") == len(worse)
    assert chart(report, known).count("<svg") == 1
    assert not regressions(report, report)
