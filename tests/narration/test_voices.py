from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files

from narration.voices import DEFAULT_VOICE, VOICES, find_voice


def test_the_voices_are_those_inside_the_wheel() -> None:
    registry = json.loads(files("hibari").joinpath("assets/voices.json").read_text("utf-8"))
    bundled = {(name, entry["language"]) for name, entry in registry.items() if entry["bundled"]}
    assert {(voice.id, voice.language) for voice in VOICES} == bundled


def test_a_voice_is_found_by_its_id_alone() -> None:
    assert find_voice(DEFAULT_VOICE.id) is DEFAULT_VOICE
    assert find_voice(DEFAULT_VOICE.name) is None
    assert find_voice("") is None


def test_listing_voices_loads_no_speech() -> None:
    program = "import sys, narration.voices; print({'numpy', 'hibari', 'lameenc'} & set(sys.modules))"
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert shown.stdout.strip() == "set()"
