"""`RateLimit` and `RateLimit-Policy`: what is left of a user's initiations.

Fields of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: `q` initiations in `w`
seconds, of which `r` are left; in `t` seconds there is one more.
"""

from __future__ import annotations

from db.quotas import Left

POLICY = "initiations"
WINDOW_SECONDS = 60


def policy(per_minute: int) -> dict[str, str]:
    return {"RateLimit-Policy": f'"{POLICY}";q={per_minute};w={WINDOW_SECONDS}'}


def remaining(quota: Left) -> dict[str, str]:
    until = f";t={quota.next_seconds}" if quota.next_seconds else ""
    return {"RateLimit": f'"{POLICY}";r={quota.remaining}{until}'}
