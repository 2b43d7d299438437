"""Which models are asked, in which order, and at what price."""

import pytest

from resources import model_providers
from settings import BadSettings, Settings

KEYS = {"OPENAI_API_KEY": "sk", "GEMINI_API_KEY": "g"}


def order(**environ: str) -> list[tuple[str, str]]:
    return [(p.name, p.model) for p in model_providers(Settings.read(environ))]


def test_openai_goes_before_gemini_unless_the_order_says_otherwise() -> None:
    openai, gemini = ("openai", "gpt-5-mini"), ("gemini", "gemini-2.5-flash")

    assert order(**KEYS) == [openai, gemini]
    assert order(**KEYS, MODEL_ORDER=" Gemini, openai ,") == [gemini, openai]
    assert order(**KEYS, MODEL_ORDER="gemini") == [gemini]
    assert order(GEMINI_API_KEY="g", MODEL_ORDER="openai,gemini") == [gemini]


def test_the_models_have_settings_of_their_own() -> None:
    assert order(**KEYS, OPENAI_MODEL="a/b", GEMINI_MODEL="c") == [
        ("openai", "a/b"),
        ("gemini", "c"),
    ]


def test_a_key_for_a_model_that_is_not_in_the_order_makes_no_model() -> None:
    """It may be there for embeddings."""
    settings = Settings.read({"OPENAI_API_KEY": "sk", "MODEL_ORDER": "gemini"})

    assert not settings.has_model
    assert settings.chat_per_day is None


@pytest.mark.parametrize(
    "value", ["secret", "openai,secret", "openai,openai", ",", "openai gemini"]
)
def test_a_name_that_is_no_model_is_refused_unquoted(value: str) -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.read({"MODEL_ORDER": value})

    assert str(caught.value) == "MODEL_ORDER must list some of openai, gemini, each once"


def test_prices_are_dollars_for_a_million_tokens_in_and_out() -> None:
    text = "gpt-5-mini=0.25/2.00, vendor/model:free = 0 / 0,"

    prices = Settings.read({"MODEL_PRICES": text}).model_prices

    assert prices == {"gpt-5-mini": (0.25, 2.0), "vendor/model:free": (0.0, 0.0)}
    assert Settings.read({}).model_prices == {}


@pytest.mark.parametrize(
    "value",
    ["0.25/2.00", "gpt=0.25", "gpt=-1/2", "gpt=nan/1", "gpt=1e9/1", "gpt=1/2 b=1/2", "=1/2"],
)
def test_what_is_no_price_is_refused_unquoted(value: str) -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.read({"MODEL_PRICES": value})

    assert str(caught.value) == "MODEL_PRICES must list prices such as gpt-5-mini=0.25/2.00"


def test_a_cache_has_a_size() -> None:
    assert Settings.read({}).answer_cache == 500
    assert Settings.read({"ANSWER_CACHE": "0"}).answer_cache == 0
    with pytest.raises(BadSettings, match="ANSWER_CACHE must be a whole number"):
        Settings.read({"ANSWER_CACHE": "-1"})
