"""Every error Storycast raises on purpose, in one tree.

`Refusal` and below are expected: the caller did something that can be answered with a reason.
They become union members in GraphQL and status codes in REST. The rest should not happen in a
healthy installation, and is logged in full while the client learns nothing of its inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class StorycastError(Exception):
    """The root of the tree; never raised itself."""


class SettingsError(StorycastError):
    """A setting is missing, unknown or contradicts another; the message says what to do."""


class StartupError(StorycastError):
    """A process cannot start as things stand (a port in use, a role too powerful); says what to do."""


class Unauthenticated(StorycastError):
    """No token, or one that does not verify. The message is for the log; clients get no detail."""


class KeysUnavailable(StorycastError):
    """The JWKS address has given no key that could verify anything: our trouble, not the caller's."""


class BadUserInput(StorycastError):
    """An argument is out of range (page 0, a cursor nobody issued). `path` names the argument."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


class TooMuchContent(BadUserInput):
    """One answer would hold more text of stories than an answer may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The contents asked for are over {most:,} characters together: ask for fewer")


class StorageError(StorycastError):
    """A result file cannot be written, read or removed: no room, no right, no answer."""


class LinkRefused(StorycastError):
    """A link to a result file that has expired, or that we did not make; the message may be shown."""


class NarrationError(StorycastError):
    """A story could not be narrated; trying again may help."""


class NothingToNarrate(NarrationError):
    """A story holds nothing the voice can speak; trying again cannot help. `skipped` says what it holds."""

    def __init__(self, message: str, skipped: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.skipped = skipped


class Refusal(StorycastError):
    """An expected failure that the caller can act on. `code` is stable, the message is for people."""

    code: ClassVar[str]


class StoryNotFound(Refusal):
    """The story does not exist or belongs to somebody else: the two are not told apart."""

    code = "STORY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Story not found")


class GenerationNotFound(Refusal):
    """The generation does not exist or belongs to somebody else: the two are not told apart."""

    code = "GENERATION_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Generation not found")


class GenerationInProgress(Refusal):
    """Deleting a generation that is pending or in progress."""

    code = "GENERATION_IN_PROGRESS"

    def __init__(self) -> None:
        super().__init__("Cannot delete in-progress generation")


class GenerationFinished(Refusal):
    """Canceling a generation that has succeeded or failed."""

    code = "GENERATION_FINISHED"

    def __init__(self) -> None:
        super().__init__("The generation has finished already")


class StoryInUse(Refusal):
    """Deleting a story while one of its generations is unfinished."""

    code = "STORY_IN_USE"

    def __init__(self) -> None:
        super().__init__("The story has an unfinished generation: cancel it, or wait for its end")


class IdempotencyConflict(Refusal):
    """An idempotency key comes back with another request than it first named."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("Idempotency key reused with a different request")


class RateLimited(Refusal):
    """More initiations, or more unfinished generations, than the user's limits admit."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of an input; `path` leads to it from the input's top."""

    path: tuple[str, ...]
    message: str


class Invalid(Refusal):
    """An input breaks the contract's rules for its fields."""

    code = "VALIDATION_ERROR"

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{'.'.join(p.path)}: {p.message}" for p in problems))
        self.problems = problems
