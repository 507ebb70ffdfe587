"""The settings of every Storycast process, read once from `STORYCAST_*` variables.

`docs/operations.md` lists each with its default; a test holds that page against this class.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError

PREFIX = "STORYCAST_"
SHORTEST_SECRET_BYTES = 32
# Never `*` or `null`: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
_ORIGIN = re.compile(r"https?://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")


class Environment(StrEnum):
    """LOCAL lets `dev.py run` sign a demo user in; PRODUCTION insists on the operator's own sign-in."""

    LOCAL = "local"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings. URLs and secrets are optional here: a process asks `need` for those it uses."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    environment: Environment = Environment.PRODUCTION

    database_url: SecretStr | None = None
    worker_database_url: SecretStr | None = None
    migration_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    database_pool_size: int = Field(10, ge=1, le=1000)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = ""
    allowed_origins: str = ""
    connections: int = Field(10_000, ge=1, le=1_000_000)
    request_seconds: float = Field(60, ge=0.1, le=3600)
    sign_in_seconds: float = Field(10, ge=0.1, le=3600)
    ping_seconds: float = Field(15, ge=0.1, le=3600)

    jwt_secret: SecretStr | None = None
    jwks_url: str | None = None
    jwt_algorithm: str = ""
    jwt_audience: str = Field("storycast", min_length=1)
    jwt_issuer: str = Field("storycast", min_length=1)

    results_url: str | None = None
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    link_secret: SecretStr | None = None
    link_lifetime_seconds: int = Field(3600, ge=1, le=604_800)

    worker_processes: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    scratch_directory: Path | None = None
    lease_seconds: float = Field(15, ge=0.5, le=3600)
    sweep_seconds: float = Field(5, ge=0.1, le=3600)
    max_attempts: int = Field(5, ge=1, le=100)
    drain_seconds: float = Field(5, ge=0, le=3600)
    orphan_seconds: float = Field(3600, ge=1, le=604_800)
    attempt_timeout_seconds: float = Field(1800, ge=1, le=86_400)

    initiations_per_minute: int = Field(20, ge=1, le=100_000)
    unfinished_generations: int = Field(5, ge=1, le=100_000)
    requests_per_user: int = Field(50, ge=1, le=1_000_000)
    sockets_per_user: int = Field(100, ge=1, le=1_000_000)
    operations_per_socket: int = Field(100, ge=1, le=100_000)

    query_tokens: int = Field(2000, ge=100, le=100_000)
    query_depth: int = Field(20, ge=1, le=90)
    query_aliases: int = Field(100, ge=0, le=100_000)
    query_root_fields: int = Field(30, ge=1, le=100_000)
    query_cost: int = Field(20_000, ge=1, le=100_000_000)
    plans: bool = True
    introspection: bool | None = None
    graphiql: bool | None = None
    trusted_documents: Path | None = None
    trusted_documents_only: bool = False

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("database_url", "worker_database_url", "migration_database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url and urlsplit(url.get_secret_value()).scheme not in {"postgresql", "postgres"}:
            raise ValueError("must be a postgresql:// address")
        return url

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url and urlsplit(url.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must be a redis://, rediss:// or unix:// address")
        return url

    @field_validator("results_url")
    @classmethod
    def _is_folder_or_bucket(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in {"file", "s3"}:
            raise ValueError("must be a file:///folder or an s3://bucket/prefix address")
        return url

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        address = urlsplit(url)
        if url and (address.scheme not in {"http", "https"} or not address.hostname or address.query):
            raise ValueError("must be an https:// or http:// address, without a query")
        return url

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, listed: str) -> str:
        for origin in filter(None, map(str.strip, listed.split(","))):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    "must be origins as browsers send them, with commas between:"
                    " https://app.example,https://beta.example:8443"
                )
        return listed

    @field_validator("jwt_secret", "link_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_SECRET_BYTES:
            raise ValueError(f"must be at least {SHORTEST_SECRET_BYTES} bytes long")
        return secret

    @model_validator(mode="after")
    def _is_consistent(self) -> Settings:
        if self.jwt_secret and self.jwks_url:
            raise ValueError("set STORYCAST_JWT_SECRET or STORYCAST_JWKS_URL, not both")
        allowed = {"HS256"} if not self.jwks_url else {"RS256", "ES256", "EdDSA"}
        if self.jwt_algorithm and self.jwt_algorithm not in allowed:
            raise ValueError(f"STORYCAST_JWT_ALGORITHM must be one of {', '.join(sorted(allowed))} here")
        if self.trusted_documents_only and not self.trusted_documents:
            raise ValueError(
                "STORYCAST_TRUSTED_DOCUMENTS_ONLY is set, and STORYCAST_TRUSTED_DOCUMENTS, which says where"
                " they are, is not"
            )
        if self.graphiql and self.introspection is False:
            raise ValueError(
                "STORYCAST_GRAPHIQL is true, and STORYCAST_INTROSPECTION, which it needs, is false: unset one"
            )
        if self.graphiql and self.trusted_documents_only:
            raise ValueError(
                "STORYCAST_GRAPHIQL is true, and STORYCAST_TRUSTED_DOCUMENTS_ONLY lets none of its documents"
                " run: unset one"
            )
        bucket = self.s3_endpoint or self.s3_access_key_id or self.s3_secret_access_key
        if bucket and not (self.results_url or "").startswith("s3:"):
            raise ValueError(
                "STORYCAST_S3_… are set, and STORYCAST_RESULTS_URL is no s3://bucket/prefix address"
            )
        return self

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """`allowed_origins`, one by one."""
        return tuple(filter(None, map(str.strip, self.allowed_origins.split(","))))

    @cached_property
    def public_base(self) -> str:
        """Scheme and host that clients see, without a slash at the end.

        Raises SettingsError where it is not set, and `host` and `port` are nothing a client could go to.
        """
        if self.public_url:
            return self.public_url.rstrip("/")
        if self.host in {"", "0.0.0.0", "::"} or not self.port:  # noqa: S104 - to recognise it
            raise SettingsError(
                f"STORYCAST_PUBLIC_URL is not set, and links to http://{self.host}:{self.port} would lead"
                " nowhere: set it to the address that clients use."
            )
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def introspects(self) -> bool:
        """Whether clients may ask for the schema."""
        if self.introspection is None:
            return self.environment is Environment.LOCAL or bool(self.graphiql)
        return self.introspection

    @property
    def offers_graphiql(self) -> bool:
        """Whether there is a `/graphiql`, which needs introspection, and documents that nobody knows yet."""
        if self.graphiql is None:
            is_local = self.environment is Environment.LOCAL
            return is_local and self.introspects and not self.trusted_documents_only
        return self.graphiql

    def need(self, name: str) -> str:
        """The value of setting `name` (a field's name) as plain text.

        Raises SettingsError when it is not set.
        """
        value = getattr(self, name)
        if value is None:
            raise SettingsError(f"{PREFIX}{name.upper()} is not set; docs/operations.md says what it is for.")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment, `overrides` winning.

    Raises SettingsError with one sentence for each thing that is wrong.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    # In any case: so are they read.
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise SettingsError(
            f"Unknown setting {', '.join(unknown)}: correct or unset it; docs/operations.md lists all."
        )
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{message}."
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: {message}."
