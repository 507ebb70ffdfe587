"""The speech engine as it comes, for itself: `python -m bench.narration_bare STORY`.

For each line on stdin it speaks the whole story, sentence by sentence, keeps none of it, and prints the
seconds that it took.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hibari import Hibari


def main(story: Path) -> None:
    text = story.read_text()
    engine = Hibari(threads=1)
    # What a story needs is loaded by its first words.
    engine("Hello, Zzyzxian.")
    for _ in sys.stdin:
        began = time.perf_counter()
        for _ in engine.stream(text, seed=0):
            pass
        print(time.perf_counter() - began, flush=True)  # noqa: T201 - who started it reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
