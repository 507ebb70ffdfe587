"""Failures the caller can act on, as types of the contract: each result's union lists its own."""

from __future__ import annotations

import strawberry

from core import errors


def _told(refusal: type[errors.Refusal], meaning: str) -> str:
    return f"{meaning} Its code is {refusal.code}."


@strawberry.interface(
    name="Error",
    description="A failure the caller can act on. Each operation's result lists those it can return.",
)
class Error:
    code: str = strawberry.field(description="Stable, for programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.type(description=_told(errors.StoryNotFound, "The story does not exist or is not yours."))
class StoryNotFoundError(Error):
    pass


@strawberry.type(
    description=_told(errors.GenerationNotFound, "The generation does not exist or is not yours.")
)
class GenerationNotFoundError(Error):
    pass


@strawberry.type(
    description=_told(
        errors.GenerationInProgress, "The generation is unfinished: cancel it first, or wait for its end."
    )
)
class GenerationInProgressError(Error):
    pass


@strawberry.type(
    description=_told(
        errors.GenerationFinished, "The generation has SUCCEEDED or FAILED, so there is nothing to stop."
    )
)
class GenerationFinishedError(Error):
    pass


@strawberry.type(
    description=_told(
        errors.StoryInUse, "One of the story's generations is unfinished: cancel it, or wait for its end."
    )
)
class StoryInUseError(Error):
    pass


@strawberry.type(
    description=_told(
        errors.IdempotencyConflict, "The idempotency key was used before, with another story or voice."
    )
)
class IdempotencyConflictError(Error):
    pass


@strawberry.type(
    description=_told(
        errors.RateLimited,
        "More generations than one may start a minute, or have unfinished at once: try again later.",
    )
)
class RateLimitedError(Error):
    retry_after_seconds: int = strawberry.field(
        description="When to try again, in whole seconds from now; at least 1."
    )


@strawberry.type(description="What is wrong with one field of an input.")
class FieldError:
    path: list[str] = strawberry.field(description="Leads to the field from the top of the input.")
    message: str = strawberry.field(description="For people: the rule, and what was given.")


@strawberry.type(description=_told(errors.Invalid, "The input breaks the rules for its fields."))
class ValidationError(Error):
    fields: list[FieldError] = strawberry.field(description="Each field that is wrong; at least one.")


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
