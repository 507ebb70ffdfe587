"""Failures the caller can act on, as types of the contract: each result's union lists its own."""

from __future__ import annotations

import strawberry

from core import errors


@strawberry.interface(
    name="Error",
    description="A failure the caller can act on. Each operation's result lists those it can return.",
)
class Error:
    code: str = strawberry.field(description="Stable, for programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.type
class StoryNotFoundError(Error):
    pass


@strawberry.type
class GenerationNotFoundError(Error):
    pass


@strawberry.type
class GenerationInProgressError(Error):
    pass


@strawberry.type
class GenerationFinishedError(Error):
    pass


@strawberry.type
class StoryInUseError(Error):
    pass


@strawberry.type
class IdempotencyConflictError(Error):
    pass


@strawberry.type
class RateLimitedError(Error):
    retry_after_seconds: int


@strawberry.type
class FieldError:
    path: list[str]
    message: str


@strawberry.type
class ValidationError(Error):
    fields: list[FieldError]


_SIMPLE: dict[type[errors.Refusal], type[Error]] = {
    errors.StoryNotFound: StoryNotFoundError,
    errors.GenerationNotFound: GenerationNotFoundError,
    errors.GenerationInProgress: GenerationInProgressError,
    errors.GenerationFinished: GenerationFinishedError,
    errors.StoryInUse: StoryInUseError,
    errors.IdempotencyConflict: IdempotencyConflictError,
}


def as_error(refusal: errors.Refusal) -> Error:
    """The contract's type for a refusal."""
    code, message = refusal.code, str(refusal)
    if isinstance(refusal, errors.RateLimited):
        return RateLimitedError(code=code, message=message, retry_after_seconds=refusal.retry_after_seconds)
    if isinstance(refusal, errors.Invalid):
        fields = [
            FieldError(path=list(problem.path), message=problem.message) for problem in refusal.problems
        ]
        return ValidationError(code=code, message=message, fields=fields)
    return _SIMPLE[type(refusal)](code=code, message=message)
