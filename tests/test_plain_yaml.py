"""Reading openapi.yaml without PyYAML's nodes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contract import plain_yaml
from settings import ROOT

KEYS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-9, 9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def test_the_contract_means_what_pyyaml_says_it_means() -> None:
    """Not only equal, where 1 is True and 1.0: the same text in Python."""
    source = (ROOT / "openapi.yaml").read_bytes()

    assert repr(plain_yaml.load(source)) == repr(yaml.safe_load(source))


@given(VALUES)
def test_what_could_be_json_comes_back(value: object) -> None:
    source = yaml.safe_dump(value, allow_unicode=True).encode()

    assert plain_yaml.load(source) == yaml.safe_load(source)


@pytest.mark.parametrize(
    "text", ["yes", "2026-11-28", "nan", "1_000", "010", "'true'", "~", "1e3", "0E0"]
)
def test_what_json_would_not_know_is_a_string(text: str) -> None:
    assert plain_yaml.load(text.encode()) == text.strip("'")


@pytest.mark.parametrize("text", ["", "a: &x 1\nb: *x\n", "a: [1", "\t- a"])
def test_what_is_not_read_raises(text: str) -> None:
    """An alias, which could make a small file a large value; and what is no YAML."""
    with pytest.raises(yaml.YAMLError):
        plain_yaml.load(text.encode())
