"""What a reader sees in ChatKit, while an answer is written and after a reload."""

from attrs import evolve

from settings import Settings
from tests.chatkit.conversations import play
from tests.fake_model import FakeModel
from tests.live import Serve


def test_the_screen_is_the_same_after_a_reload(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Whatever is asked, answered, stopped, retried, renamed and deleted, in whatever order."""
    assert play(serve(evolve(with_model, answer_cache=0, resume_grace=60)), model)
