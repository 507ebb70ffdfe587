"""Where the built web UI is, for who serves it. For who builds it `web.sources` says so; a test compares."""

from pathlib import Path

DIST = Path(__file__).resolve().parents[1] / "web" / "dist"
