"""Calls of the database's own functions, each a transaction of one statement: one round trip.

Their first argument is the user, as whom they read before they look at anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, ProgrammingError

from db.pool import Pool

# As values: `row[0]`, `row["name"]`.
Row = Sequence[Any]


class Function:
    """One of the database's functions. `arguments` are how many it takes, the user among them."""

    def __init__(self, name: str, arguments: int) -> None:
        places = ", ".join(f"${place}" for place in range(1, arguments + 1))
        self.query = f"SELECT * FROM {name}({places})"  # noqa: S608 - names of ours


# What asyncpg raises that is neither a SQLAlchemyError nor an OSError.
_REFUSALS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class UserCall(NamedTuple):
    """A call that sees the rows of `user_id` alone."""

    user_id: UUID
    pool: Pool

    async def rows(self, function: Function, *arguments: object) -> Sequence[Row]:
        """What `function` returns to this user, asked with the arguments after the first.

        Raises one of `db.sessions.DATABASE_ERRORS`.
        """
        try:
            lent = self.pool.lend_now() or await self.pool.lend()
        except EmulatedDBAPIException as error:
            raise DBAPIError(None, None, error) from error
        try:
            connection: Any = lent.driver_connection
            found: Sequence[Row] = await connection.fetch(function.query, self.user_id, *arguments)
        except asyncpg.SyntaxOrAccessError as error:
            raise ProgrammingError(None, None, error) from error
        except _REFUSALS as error:
            raise DBAPIError(None, None, error) from error
        except (TimeoutError, asyncio.CancelledError):
            # Frozen, or gone, or with a question underway that nobody waits for: whoever got this connection
            # next would wait as long.
            lent.invalidate()
            raise
        finally:
            self.pool.take_back(lent)
        return found
