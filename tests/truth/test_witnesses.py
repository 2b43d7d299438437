"""The end of a run of everything: what the contract promises and no test has seen makes it fail."""

from argparse import Namespace
from pathlib import Path

import pytest

from tests.witnesses import NARROWING, is_whole, promised, unseen

EVERYWHERE = pytest.Config.ArgsSource.TESTPATHS


def test_only_a_run_of_everything_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one of some files, nor one that an option narrows."""
    config = Namespace(args_source=EVERYWHERE, option=Namespace(verbose=1))
    assert is_whole(config)

    for name in NARROWING:
        narrow = Namespace(args_source=EVERYWHERE, option=Namespace(**{name: "x"}))
        assert not is_whole(narrow), name
    monkeypatch.setattr(config, "args_source", pytest.Config.ArgsSource.ARGS)
    assert not is_whole(config)


def test_what_any_process_has_seen_counts(tmp_path: Path) -> None:
    """Each writes down its own; what none has is named."""
    (tmp_path / "1.json").write_text('[["get_session",200],["login",401]]')
    (tmp_path / "2.json").write_text('[["get_session",401]]')
    missing = promised() - set(unseen(tmp_path))

    assert missing == {("get_session", 200), ("login", 401), ("get_session", 401)}
