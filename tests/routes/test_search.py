"""Finding a conversation again by its words, in any language."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.guests import CONVERSATIONS, Guest
from tests.live import Live


@pytest.fixture(scope="module")
def library(shared: Live) -> tuple[Guest, dict[str, str]]:
    """A reader's conversations by id."""
    guest = Guest(shared)
    said = {
        "lamp": ("How does the lamp burn?", "Paraffin vapour."),
        "siren": ("What is the siren of?", "Of brass."),
        "both": ("Anything else?", "The lamp and siren are loud."),
        "renamed": ("What is paid?", "Gold."),
        "urdu": ("چراغ کیسے جلتا ہے؟", "اسے روشن کرو۔"),
        "chinese": ("灯塔在哪里?", "在海边;雾笛每九十秒响一次。"),
        "german": ("Was ist ärgerlich?", "Nebel."),
        "signs": ("Is 100% of a_b in C:\\?", "Yes."),
    }
    names = {guest.save(*exchange): name for name, exchange in said.items()}
    renamed = next(i for i, name in names.items() if name == "renamed")
    title = {"title": "Quarterly sums of the wages"}
    guest.request("PATCH", f"{CONVERSATIONS}/{renamed}", json=title)
    return guest, names


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("lamp", ["lamp", "both"]),
        ("LaMp", ["lamp", "both"]),
        ("siren lamp", ["both"]),
        ('"lamp and siren"', ["both"]),
        ('"siren and lamp"', []),
        ("siren -lamp", ["siren"]),
        ("brass or vapour", ["lamp", "siren"]),
        ("quarterly wages", ["renamed"]),
        ("WAGES quarterly", ["renamed"]),
        ("quarterly -gold", []),  # its title has one, its answer the other
        ("چراغ", ["urdu"]),
        ("روشن", ["urdu"]),
        ("灯塔", ["chinese"]),
        ("雾笛每九十秒", ["chinese"]),
        ("ÄRGERLICH", ["german"]),
        ("100%", ["signs"]),
        ("a_b", ["signs"]),
        ("%", ["signs"]),
        ("_", ["signs"]),
        ("\\", ["signs"]),
        ("\u202elamp", ["lamp", "both"]),
        ("nothing of that", []),
    ],
)
def test_a_search_finds_words_wherever_they_were_said(
    library: tuple[Guest, dict[str, str]], q: str, found: list[str]
) -> None:
    """In titles, questions and answers; in order between quotes, without those after a minus."""
    guest, names = library

    assert {names[i] for i in guest.ids(q=q)} == set(found)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.text('-"|&!<>():*\\ aor%_', max_size=200), st.text(max_size=200)))
@example("-" * 200)
@example("- " * 100)
@example("-(" * 100)
@example('-"" ' * 50)
@example("-_" * 100)
@example("-a" * 100)
@example("-!" * 20)
@example('-"' * 100)
@example("!" * 200)
@example("(" * 200)
@example("a " * 100)
@example("or " * 66)
@example(f'"{"a " * 99}"')
def test_any_search_is_answered(live: Live, q: str) -> None:
    """Operators of the database and garbage are words, or nothing; never a failure of ours."""
    guest = Guest(live)
    guest.save()
    response = guest.request("GET", CONVERSATIONS, params={"q": q})

    assert response.status_code == (200 if q and "\0" not in q else 422)


def test_a_search_has_pages_too(live: Live) -> None:
    """The cursor counts what was found."""
    guest = Guest(live)
    found = [guest.save(f"fog {i}") for i in range(3) if guest.save(f"lamp {i}")]
    page = guest.page(limit=2, q="fog")

    assert [item["conversation_id"] for item in page["items"]] == found[:0:-1]
    assert guest.ids(q="fog", before=page["next"]) == found[:1]
    assert guest.page(limit=3, q="fog")["next"] is None
