"""Settings come from `STORYCAST_*` variables, and a wrong one stops the start with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Environment, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s" * 32


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's environment says, the test begins with nothing set."""
    for name in list(os.environ):
        if name.upper().startswith("STORYCAST_"):
            monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What is said to settings that cannot be; each keyword is a variable without its prefix."""
    for name, value in variables.items():
        monkeypatch.setenv(f"STORYCAST_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_nothing_set_is_production_with_every_default() -> None:
    settings = load_settings()
    assert settings.environment is Environment.PRODUCTION
    assert settings.model_fields_set == set()
    assert (settings.initiations_per_minute, settings.unfinished_generations) == (20, 5)


def test_variables_are_read_in_any_case_and_empty_ones_count_as_unset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYCAST_PORT", "9000")
    monkeypatch.setenv("storycast_host", "::1")
    monkeypatch.setenv("STORYCAST_REDIS_URL", "")
    settings = load_settings()
    assert (settings.port, settings.host, settings.redis_url) == (9000, "::1", None)
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize("name", ["STORYCAST_PROT", "STORYCAST_", "storycast_prot", "STORYCAST_JWT_SECRETS"])
def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "8000")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == f"Unknown setting {name}: correct or unset it; docs/operations.md lists all."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ENVIRONMENT", "staging", "Input should be 'local' or 'production'."),
        ("PORT", "80a", "Input should be a valid integer, unable to parse string as an integer."),
        ("PORT", "65536", "Input should be less than or equal to 65535."),
        ("DATABASE_POOL_SIZE", "0", "Input should be greater than or equal to 1."),
        ("DATABASE_URL", "mysql://u@h/d", "must be a postgresql:// address."),
        ("WORKER_DATABASE_URL", "sqlite://", "must be a postgresql:// address."),
        ("MIGRATION_DATABASE_URL", "localhost", "must be a postgresql:// address."),
        ("REDIS_URL", "localhost:6379", "must be a redis://, rediss:// or unix:// address."),
        ("RESULTS_URL", "/var/results", "must be a file:///folder or an s3://bucket/prefix address."),
        ("PUBLIC_URL", "example.com", "must be an https:// or http:// address, without a query."),
        ("PUBLIC_URL", "ftp://example.com", "must be an https:// or http:// address, without a query."),
        ("PUBLIC_URL", "https://e.com/?a=b", "must be an https:// or http:// address, without a query."),
        ("JWT_SECRET", "s" * 31, "must be at least 32 bytes long."),
        ("LINK_SECRET", "short", "must be at least 32 bytes long."),
        ("LINK_LIFETIME_SECONDS", "604801", "Input should be less than or equal to 604800."),
        ("LEASE_SECONDS", "nan", "Input should be less than or equal to 3600."),
        ("INITIATIONS_PER_MINUTE", "0", "Input should be greater than or equal to 1."),
        ("LOG_LEVEL", "loud", "Input should be 'debug', 'info', 'warning' or 'error'."),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    assert refusal(monkeypatch, **{name: value}) == f"STORYCAST_{name}: {sentence}"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"JWT_SECRET": SECRET, "JWKS_URL": "https://issuer.example/keys"},
            "set STORYCAST_JWT_SECRET or STORYCAST_JWKS_URL, not both.",
        ),
        (
            {"JWT_SECRET": SECRET, "JWT_ALGORITHM": "RS256"},
            "STORYCAST_JWT_ALGORITHM must be one of HS256 here.",
        ),
        (
            {"JWKS_URL": "https://issuer.example/keys", "JWT_ALGORITHM": "HS256"},
            "STORYCAST_JWT_ALGORITHM must be one of ES256, EdDSA, RS256 here.",
        ),
        (
            {"S3_ACCESS_KEY_ID": "key", "RESULTS_URL": "file:///var/results"},
            "STORYCAST_S3_… are set, and STORYCAST_RESULTS_URL is no s3://bucket/prefix address.",
        ),
        (
            {"GRAPHIQL": "true", "INTROSPECTION": "false"},
            "STORYCAST_GRAPHIQL is true, and STORYCAST_INTROSPECTION, which it needs, is false: unset one.",
        ),
        (
            {
                "GRAPHIQL": "true",
                "TRUSTED_DOCUMENTS": "/a/manifest.json",
                "TRUSTED_DOCUMENTS_ONLY": "true",
                "ENVIRONMENT": "local",
            },
            (
                "STORYCAST_GRAPHIQL is true, and STORYCAST_TRUSTED_DOCUMENTS_ONLY lets none of its documents"
                " run: unset one."
            ),
        ),
    ],
)
def test_settings_that_contradict_each_other_are_told_so(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    assert refusal(monkeypatch, **variables) == sentence


def test_each_thing_that_is_wrong_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, PORT="x", LOG_LEVEL="loud", JWT_SECRET="short")
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "STORYCAST_PORT",
        "STORYCAST_JWT_SECRET",
        "STORYCAST_LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "WORKER_DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
        "JWT_SECRET",
        "LINK_SECRET",
    ],
)
def test_a_secret_is_never_in_what_is_said(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert "hunter2" not in refusal(monkeypatch, **{name: "x://hunter2"})
    valid = {"DATABASE_URL": "postgresql://u:hunter2@h/d", "REDIS_URL": "redis://:hunter2@h"}
    long = f"hunter2{SECRET}"
    monkeypatch.setenv(
        f"STORYCAST_{name}", valid.get(name.removeprefix("WORKER_").removeprefix("MIGRATION_"), long)
    )
    assert "hunter2" not in repr(load_settings())
    assert "hunter2" not in str(load_settings().model_dump())


def test_what_a_process_needs_and_does_not_have_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().need("database_url")
    assert str(caught.value) == "STORYCAST_DATABASE_URL is not set; docs/operations.md says what it is for."


@pytest.mark.parametrize(
    ("changes", "base"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::1", "port": 80}, "http://[::1]:80"),
        ({"host": "0.0.0.0", "public_url": "https://stories.example/"}, "https://stories.example"),
        ({"public_url": "https://example.com/storycast"}, "https://example.com/storycast"),
    ],
)
def test_links_begin_with_the_public_address_or_else_where_this_process_listens(
    changes: dict[str, str], base: str
) -> None:
    assert load_settings(**changes).public_base == base


@pytest.mark.parametrize(("host", "port"), [("0.0.0.0", 8000), ("::", 8000), ("127.0.0.1", 0)])
def test_links_that_would_lead_nowhere_are_not_made(host: str, port: int) -> None:
    with pytest.raises(SettingsError) as caught:
        _ = load_settings(host=host, port=port).public_base
    assert str(caught.value) == (
        f"STORYCAST_PUBLIC_URL is not set, and links to http://{host}:{port} would lead nowhere:"
        " set it to the address that clients use."
    )


@pytest.mark.parametrize(
    ("command", "variables", "sentence"),
    [
        ("serve", {"PROT": "1"}, "Unknown setting STORYCAST_PROT: correct or unset it"),
        ("serve", {}, "Nobody could sign in: set STORYCAST_JWT_SECRET"),
        ("worker", {"WORKER_PROCESSES": "0"}, "STORYCAST_WORKER_PROCESSES: Input should be greater than"),
        ("migrate", {}, "STORYCAST_MIGRATION_DATABASE_URL is not set; docs/operations.md"),
    ],
)
def test_a_process_says_what_is_wrong_in_a_sentence_and_ends(
    command: str, variables: dict[str, str], sentence: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "server", *command.split()],
        cwd=ROOT,
        env={**os.environ, **{f"STORYCAST_{name}": value for name, value in variables.items()}},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(sentence)
    assert ended.stderr.count("\n") == 1
