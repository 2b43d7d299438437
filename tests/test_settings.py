"""The environment as settings: defaults that run, and every mistake named."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import fields

from settings import ROOT, BadSettings, Settings

NAMES = [name for attribute in fields(Settings) for name in attribute.metadata["names"]]


def test_nothing_has_to_be_set() -> None:
    """The defaults answer from the handbook, on this machine, without a key."""
    settings = Settings.read({})

    assert settings.book == ROOT / "docs"
    assert (settings.port, settings.database_url, settings.has_model) == (8000, None, False)


def test_neon_goes_before_database_url() -> None:
    """As the names promise on Vercel."""
    both = {"DATABASE_URL": "postgresql://one/a", "NEON_DATABASE_URL": "postgresql://two/b"}

    assert Settings.read(both).database_url == "postgresql://two/b"
    assert Settings.read(both | {"NEON_DATABASE_URL": " "}).database_url == "postgresql://one/a"


def test_the_file_in_the_project_root_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Below the environment; what is blank there counts as unset, as `make` leaves it."""
    (tmp_path / ".env").write_text("PORT=9001\nOPENAI_MODEL='two words' # why\nLOG_LEVEL=ERROR\n")
    monkeypatch.setattr("settings.ROOT", tmp_path)
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    settings = Settings.read()

    assert (settings.port, settings.openai_model) == (9001, "two words")
    assert settings.log_level == "DEBUG"


def test_every_wrong_setting_is_named_and_none_is_quoted() -> None:
    """All at once, a line each; a value may be a secret pasted into the wrong name."""
    wrong = {
        "PORT": "eighty-secret",
        "AGENT_TIMEOUT": "0",
        "LOG_LEVEL": "LOUD-secret",
        "DATABASE_URL": "mysql://secret",
        "QDRANT_URL": "secret",
    }
    with pytest.raises(BadSettings) as caught:
        Settings.read(wrong)
    message = str(caught.value)

    assert {line.split()[0] for line in message.splitlines()} == wrong.keys()
    assert "secret" not in message


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://u:pa/ss@h/db"),
        ("DATABASE_URL", "postgresql://u:pass@[::1/db"),
        ("QDRANT_URL", "http://localhost:pass"),
        ("QDRANT_URL", "http://admin:pass@localhost"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_unquoted(name: str, url: str) -> None:
    """Here, in a sentence; not later, in a traceback with half a password in it."""
    with pytest.raises(BadSettings) as caught:
        Settings.read({name: url})

    assert str(caught.value).startswith(f"{name} must ")
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("*", ("*",)),
        (
            " https://a.example , http://b.example:3000/,",
            ("https://a.example", "http://b.example:3000"),
        ),
        ("HTTPS://Docs.Example.ORG", ("https://docs.example.org",)),
        ("https://a.example:443,http://b.example:80", ("https://a.example", "http://b.example")),
        ("https://a.example:80", ("https://a.example:80",)),
        ("http://[::1]:8080,http://127.0.0.1", ("http://[::1]:8080", "http://127.0.0.1")),
        ("https://xn--bcher-kva.example", ("https://xn--bcher-kva.example",)),
    ],
)
def test_origins_are_kept_as_browsers_send_them(value: str, origins: tuple[str, ...]) -> None:
    """They are compared as texts, with no second chance."""
    assert Settings.read({"CORS_ORIGINS": value}).cors_origins == origins


@pytest.mark.parametrize(
    "value",
    [
        "null",
        "https://a.example,*",
        "*,*",
        "https://*.example.org",
        "docs.example.org",
        "//docs.example.org",
        "https://",
        "https:///",
        "https://a.example//",
        "https://a.example/book",
        "https://a.example?",
        "https://a.example#",
        "https://a.example https://b.example",
        "https://a.example;https://b.example",
        "https://a b.example",
        "https://a.example\\b",
        "https://a\t.example",
        "https://reader@a.example",
        "https://a.example:",
        "https://a.example:99999",
        "https://a.example:١",
        "https://[::1",
        "https://bücher.example",
        "https://a.examplé",
        "https://a.example.",
        "ftp://a.example",
        "chrome-extension://abcdef",
    ],
)
def test_what_is_no_origin_is_refused(value: str) -> None:
    """It would match no page, or with luck another one."""
    with pytest.raises(BadSettings, match="CORS_ORIGINS must "):
        Settings.read({"CORS_ORIGINS": value})


def test_secrets_have_no_repr() -> None:
    """A settings object in a log or a traceback tells nothing."""
    secrets = {
        "DATABASE_URL": "postgresql://u:pw@h/d",
        "OPENAI_API_KEY": "sk-x",
        "GEMINI_API_KEY": "g",
    }
    text = repr(Settings.read(secrets | {"QDRANT_API_KEY": "q-key"}))

    assert not re.search("pw|sk-x|'g'|q-key", text)


def test_a_local_model_needs_no_key() -> None:
    """OPENAI_BASE_URL alone is enough for Ollama or llama.cpp."""
    assert Settings.read({"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}).has_model


@pytest.mark.parametrize("page", ["docs/settings.md", ".env.example"])
def test_every_setting_is_explained(page: str) -> None:
    """And nothing is explained that is not a setting."""
    text = (ROOT / page).read_text()
    pattern = r"`([A-Z][A-Z_]+)`" if page.endswith("md") else r"^#? ?([A-Z_]+)="
    explained = set(re.findall(pattern, text, re.MULTILINE))

    assert set(NAMES) <= explained
    assert page.endswith("md") or explained == set(NAMES)


def test_bad_settings_stop_the_start_with_a_sentence() -> None:
    """No traceback, whichever command is used."""
    environ = {**os.environ, "PORT": "x", "AGENT_TIMEOUT": "y"}
    for command in (["serve.py"], ["-m", "uvicorn", "service:app"], ["migrate.py"]):
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

        assert ended.returncode == 1
        assert "PORT must be a port" in ended.stderr
        assert "AGENT_TIMEOUT must be seconds" in ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", ["X-Forwarded-For", "forwarded", "x y"])
def test_a_header_that_callers_write_names_no_client(name: str) -> None:
    """A stranger would have a new address for each request."""
    with pytest.raises(BadSettings, match="CLIENT_IP_HEADER must be"):
        Settings.read({"CLIENT_IP_HEADER": name})


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("short", "32 characters or more"),
        ("x" * 64, "can be guessed"),
        ("better-auth-secret-12345678901234567890", "can be guessed"),
    ],
)
@pytest.mark.parametrize(
    "name", ["BETTER_AUTH_SECRET", "AUTH_SECRET", "BETTER_AUTH_SECRET_PREVIOUS"]
)
def test_a_weak_secret_is_refused(name: str, secret: str, why: str) -> None:
    """Whoever guesses it signs sessions; the message does not quote it."""
    with pytest.raises(BadSettings, match=f"^{name} .*{why}") as caught:
        Settings.read({name: secret})

    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "shared", [{"DATABASE_URL": "postgresql://u@127.0.0.1:1/d"}, {"VERCEL": "1"}]
)
@pytest.mark.parametrize("command", [["serve.py"], ["-m", "uvicorn", "service:app"]])
def test_readers_are_not_served_without_a_secret(
    shared: dict[str, str], command: list[str]
) -> None:
    """Sessions of a shared database outlive a process; one line says what to set, and how."""
    blank = dict.fromkeys(("BETTER_AUTH_SECRET", "AUTH_SECRET"), "")
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **blank, **shared},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert ended.returncode == 1
    assert "BETTER_AUTH_SECRET must be set" in ended.stderr
    assert "openssl rand" in ended.stderr
    assert "Traceback" not in ended.stderr
