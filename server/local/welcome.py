"""What `run` tells the person who started it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from server.dist import DIST

WITH_UI = "Open that in a browser: stories, and what becomes of them, live.{graphiql}"
GRAPHIQL = " GraphiQL is at {base}/graphiql"
WITHOUT_UI = "The web UI is not built: `python3 dev.py web` says why. The API works without."
TRIAL = """\
To try it, paste this (the token is the demo user's, and good for a day):

  TOKEN='{token}'

  # their stories, by GraphQL
  curl -sS {base}/graphql -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    --data '{{"query": "{{ stories {{ items {{ id title }} }} }}"}}'

  # have the newest narrated, and see how far it is, by REST
  STORY=$(curl -sS {base}/graphql -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    --data '{{"query": "{{ stories(pageSize: 1) {{ items {{ id }} }} }}"}}' | grep -oE '[0-9a-f-]{{36}}')
  curl -sS {base}/api/story-generations -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' --data "{{\\"story_id\\": \\"$STORY\\"}}"
  curl -sS {base}/api/story-generations -H "Authorization: Bearer $TOKEN"
"""
NO_TRIAL = "Sign in with a token of your issuer (STORYCAST_JWKS_URL).\n"
WELCOME = """
Storycast is up at {base}
{ui}
GraphQL: {base}/graphql (live over a websocket there); REST: {base}/api/story-generations

{trial}
Everything lies in {directory}
Ctrl-C stops it; the next start finds everything as it was.
"""


def welcome(base: str, directory: Path, token: str, *, graphiql: bool) -> str:
    """`graphiql` is whether it is served where it is built."""
    is_built = (DIST / "index.html").exists()
    ui = WITH_UI.format(graphiql=GRAPHIQL.format(base=base) if graphiql else "") if is_built else WITHOUT_UI
    trial = TRIAL.format(base=base, token=token) if token else NO_TRIAL
    return WELCOME.format(base=base, ui=ui, directory=directory, trial=trial)


def tell(text: str) -> None:
    """Print to stdout at once. Once nobody reads it any more, keep quiet."""
    try:
        print(text, flush=True)  # noqa: T201 - this is what stdout is for
    except (OSError, ValueError):
        # Also what is still buffered has to go somewhere, or the interpreter complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
