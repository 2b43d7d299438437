"""Our server beside OpenAI's own: the same script, and every difference with its reason."""

from typing import Any

from attrs import evolve

from settings import Settings
from tests.chatkit.golden import SCRIPT, Step, outline
from tests.chatkit.script import post
from tests.contract_checks import chatkit_events
from tests.fake_model import FakeModel
from tests.live import Live, Reader, Serve

SAID = "One blast [1]."


def replay(live: Live, model: FakeModel) -> list[str]:
    """The outlines of our replies."""
    reader, ids = live.guest(), dict[str, str]()
    return [play(reader, step, model, ids) for step in SCRIPT]


def play(reader: Reader, step: Step, model: FakeModel, ids: dict[str, str]) -> str:
    model.forget()
    if step.model_fails:
        model.say(pieces=["[9]", ""], behaviour="cut")
    model.say(SAID)
    reply = post(reader, step.kind, **told(step.params, ids))
    if not ids and step.kind == "threads.create":
        begun, asked, *_ = events = chatkit_events(reply.content)
        ids |= {"thread": begun["thread"]["id"], "question": asked["item"]["id"]}
        ids |= {"answer": events[-2]["item"]["id"]}
    return outline(reply)


def told(params: Any, ids: dict[str, str]) -> Any:
    """*params* with the ids that they name."""
    if isinstance(params, dict):
        return {name: told(value, ids) for name, value in params.items()}
    if isinstance(params, list):
        return [told(value, ids) for value in params]
    return params.format(**ids) if isinstance(params, str) and params[:1] == "{" else params


def test_the_same_script_gives_the_same_events(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """But for what is listed."""
    found = replay(serve(evolve(with_model, answer_cache=0)), model)
    expected = [step.official if step.ours is None else step.ours for step in SCRIPT]
    names = [step.name for step in SCRIPT]

    assert list(zip(names, found, strict=True)) == list(zip(names, expected, strict=True))


def test_every_difference_is_one_and_has_a_reason() -> None:
    """What is no longer different is listed no longer."""
    differ = [step for step in SCRIPT if step.ours is not None]

    assert [step.name for step in differ if step.ours == step.official or not step.because] == []
    assert [step.name for step in SCRIPT if step.because and step.ours is None] == []
