"""How much there is in JSON text, before any of it is parsed: a million empty lists take `json` a second."""

from __future__ import annotations

import re
from itertools import islice

# In a body of GraphQL: a variable takes four or fewer.
MOST_TOKENS = 50_000
# Closing brackets, numbers and names aside. A string that never ends is one: none is looked at twice.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{:,]', re.DOTALL)


def is_within(most: int, text: bytes) -> bool:
    """Whether `text` has no more strings, opening brackets, colons and commas than `most`."""
    if len(text) <= most:
        return True
    return next(islice(_TOKEN.finditer(text), most, None), None) is None
