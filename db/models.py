"""The four tables. Rows are read as plain data: nothing loads by surprise, nothing expires."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

TITLE_LENGTH = 200
CONTENT_LENGTH = 1_000_000
IDEMPOTENCY_KEY_LENGTH = 255


class Status(StrEnum):
    """Where a generation is in its life; the last two are final."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in FINAL


FINAL = (Status.SUCCEEDED, Status.FAILED)
UNFINISHED = (Status.PENDING, Status.IN_PROGRESS)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class, as it stands
        datetime: TIMESTAMP(timezone=True),
        str: Text(),
        UUID: Uuid(),
        float: Double(),
    }


class Story(Base):
    """A text that a user owns."""

    __tablename__ = "stories"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID]
    title: Mapped[str]
    # Up to four megabytes: lists leave it out, and load it for all rows at once where it is asked for.
    content: Mapped[str] = mapped_column(deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("id", "user_id"),
        Index(None, "user_id", "id"),
        CheckConstraint(f"char_length(title) BETWEEN 1 AND {TITLE_LENGTH}", name="title_length"),
        CheckConstraint(f"char_length(content) BETWEEN 1 AND {CONTENT_LENGTH}", name="content_length"),
    )


class Generation(Base):
    """One narration of a story: asked for, worked on, done or failed.

    `attempt` is the fencing token. `text` is the story as it was when asked for, emptied at the end.
    `error_code` may be set while in progress: it is then what the latest attempt failed of.
    """

    __tablename__ = "story_generations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID]
    story_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(deferred=True, deferred_raiseload=True)
    voice: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=Status.PENDING.value)
    progress: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    revision: Mapped[int] = mapped_column(server_default=sql("1"))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    lease_until: Mapped[datetime | None]
    next_wake_at: Mapped[datetime | None]
    result_key: Mapped[str | None]
    captions_key: Mapped[str | None]
    duration_seconds: Mapped[float | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["story_id", "user_id"], ["stories.id", "stories.user_id"]),
        UniqueConstraint("user_id", "idempotency_key"),
        Index(None, "user_id", "id"),
        Index(None, "user_id", "status", "id"),
        Index(None, "story_id"),
        Index(
            "ix_story_generations_to_wake",
            "next_wake_at",
            postgresql_where=sql("status IN ('pending', 'in_progress')"),
        ),
        CheckConstraint("status IN ('pending', 'in_progress', 'succeeded', 'failed')", name="status"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    )


class GenerationRow(NamedTuple):
    """What readers need of a `Generation`, in the order in which the database's functions return it."""

    id: UUID
    story_id: UUID
    voice: str
    status: str
    progress: int
    revision: int
    attempt: int
    result_key: str | None
    captions_key: str | None
    duration_seconds: float | None
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime


# What can be read of the one can be read of the other.
AnyGeneration = Generation | GenerationRow


class LogEntry(Base):
    """What happened to a generation. The entry `deleted` outlives its generation for a day, so that
    a subscriber whose connection was lost meanwhile still learns of the deletion: hence no foreign key.
    """

    __tablename__ = "generation_logs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    generation_id: Mapped[UUID]
    user_id: Mapped[UUID]
    event: Mapped[str]
    detail: Mapped[str | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index(None, "generation_id"), Index(None, "user_id", "occurred_at"))


class Quota(Base):
    """A user's token bucket for initiations."""

    __tablename__ = "initiation_quotas"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    refilled_at: Mapped[datetime]
