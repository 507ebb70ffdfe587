"""The voices a story can be narrated in.

Light to import: an API process lists voices without loading any speech.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """`id` is what clients send and rows hold; `language` is a BCP 47 tag."""

    id: str
    name: str
    language: str


# hibari has more voices, but it would fetch them over the network; a narration never does.
VOICES = (Voice("heart", "Heart", "en-US"),)
DEFAULT_VOICE = VOICES[0]


def find_voice(voice_id: str) -> Voice | None:
    """The voice of that id, None where there is none."""
    return next((voice for voice in VOICES if voice.id == voice_id), None)
