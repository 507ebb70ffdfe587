"""The operations of a websocket: lines where they can be, Strawberry's otherwise; only so many at once."""

from __future__ import annotations

from functools import partial
from typing import Any

from graphql import GraphQLError

from core.codes import Fault
from schema.allowance import end_answer
from server.graphql import lines
from server.graphql.documents import DocumentRefused
from server.graphql.lines import Line
from server.graphql.request import Asked, BadRequest, read_fields
from server.graphql.sockets import SocketLife


class SocketHandler(SocketLife):
    """A socket, with what is asked on it."""

    async def handle_subscribe(self, message: Any) -> None:
        # Before the sign-in, and for an id that is taken, Strawberry closes the socket.
        if self.connection_acknowledged and message["id"] not in self.operations:
            most = self.context.services.settings.operations_per_socket
            if len(self.operations) >= most:
                await self._refuse(
                    message, f"No more than {most} operations at once on a socket", Fault.TOO_MANY_OPERATIONS
                )
                return
            try:
                asked = read_fields(message["payload"])
                message["payload"]["query"] = self.context.documents.find(asked, self.context.me)
            except DocumentRefused as error:
                await self._refuse(message, str(error), error.code)
                return
            except BadRequest as error:
                await self._refuse(message, str(error), Fault.BAD_REQUEST)
                return
            line = self._line(message, asked)
            if line:
                self.operations[message["id"]] = line  # type: ignore[assignment]  # what is asked of either, both have
                return
        await super().handle_subscribe(message)

    def _line(self, message: Any, asked: Asked) -> Line | None:
        """The subscription, begun, where it is one that needs no task of its own."""
        context, text = self.context, message["payload"]["query"]
        known = context.prepared.find(text, context.me) if context.prepared else None
        plan = context.plans.find(known, text, context.me, asked.operation_name) if known else None
        if plan is None or context.wire is None:
            return None
        given = asked.variables or {}
        try:
            run, only = plan.begin(context, given)
        except Exception:  # noqa: BLE001 - graphql-core meets it again, and says what it is
            return None
        otherwise = partial(self._subscribe_otherwise, message)
        known_as = lines.Asked(message["id"], given, plan, run, only)
        return Line(known_as, context.wire, self.forget_id, otherwise)

    async def _subscribe_otherwise(self, message: Any) -> None:
        self.forget_id(message["id"])
        await super().handle_subscribe(message)

    async def cleanup_operation(self, operation_id: str) -> None:
        line: Any = self.operations.get(operation_id)
        if isinstance(line, Line):
            self.forget_id(operation_id)
            line.leave()
        else:
            await super().cleanup_operation(operation_id)

    async def _refuse(self, message: Any, why: str, code: Fault) -> None:
        """End one operation before it begins."""
        error = GraphQLError(why, extensions={"code": code})
        await self.send_message({"type": "error", "id": message["id"], "payload": [error.formatted]})

    async def _send_result_stream(self, operation: Any, result_source: Any) -> None:
        """A failure of the operation as a whole, which no field is to blame for, is an `error`: it ends the
        operation alone. What cannot be parsed is one of them; Strawberry would close the socket.
        """
        try:
            async for result in result_source:
                if result.errors and all(error.path is None for error in result.errors):
                    await operation.send_initial_errors(result.errors)
                    return
                await operation.send_next(result)
                end_answer()
        finally:
            end_answer()
