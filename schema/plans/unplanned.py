"""What plans leave to graphql-core."""

from __future__ import annotations


class Unplanned(Exception):
    """Something that is not made into a plan, or that goes not as planned."""
