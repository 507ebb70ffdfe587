"""The demo users of a local installation, and two stories for the first: there is something to narrate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.settings import Settings
from db.quotas import enroll
from db.sessions import ApiDatabase
from db.stories import add_story

DEMO_USER = UUID("00000000-0000-4000-8000-000000000001")
SECOND_DEMO_USER = UUID("00000000-0000-4000-8000-000000000002")
DEMO_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class DemoUser:
    """Somebody to sign in as. `name` is for people."""

    id: UUID
    name: str


# By what they are asked for, the usual one first. Of the second's, the first sees nothing, and the other way.
DEMO_USERS = {
    "first": DemoUser(DEMO_USER, "Demo user"),
    "second": DemoUser(SECOND_DEMO_USER, "Second demo user"),
}

STORIES = {
    "The Lighthouse Keeper's Radio": """\
Every evening at six, Marta climbed the hundred and twelve steps to the lamp and switched on the \
radio before the light.

"Good evening, sea," she said. Nobody had ever answered, but it seemed rude not to ask.

Tonight the radio crackled. "Good evening, light," said a small voice. "We are a fishing boat with a\
 broken compass, \
a seasick cat, and one sandwich left. Which way is home?"

Marta laughed so hard that she had to sit down on the top step. Then she turned the great lamp by \
hand, slowly, until \
its beam lay on the water like a road.

"Follow that," she said, "and save me half of the sandwich."
""",
    "How the Fog Learned to Leave": """\
The fog came down from the hills on a Tuesday and liked the town so much that it stayed.

It curled up in doorways. It read the newspapers over people's shoulders. By Friday the baker was \
selling bread by \
smell alone, and the postman delivered every letter to the fountain.

At last a girl named Ines went out with a lantern and asked it, politely, what it was waiting for.

"Nobody has told me goodbye," said the fog.

So the whole town came out in coats and slippers and waved at nothing in particular. The fog blushed\
 a little, pink at \
the edges, and lifted. It left behind one wet bicycle, and the clearest morning that anyone could remember.
""",
}


def plant(settings: Settings) -> None:
    """Give the demo user the stories, the first time it is met: what it deletes stays deleted."""
    asyncio.run(_plant(settings))


async def _plant(settings: Settings) -> None:
    database = ApiDatabase(settings.need("database_url"), pool_size=1)
    try:
        async with database.write(DEMO_USER) as session:
            if await enroll(session):
                for title, content in STORIES.items():
                    await add_story(session, title, content)
    finally:
        await database.close()
