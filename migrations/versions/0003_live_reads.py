"""What live streams read, in one round trip: all that has changed lately, and rows by their ids."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

# What readers of generations are given: see 0002.
COLUMNS = {
    "id": "uuid",
    "story_id": "uuid",
    "voice": "text",
    "status": "text",
    "progress": "smallint",
    "revision": "integer",
    "attempt": "smallint",
    "result_key": "text",
    "captions_key": "text",
    "duration_seconds": "double precision",
    "error_code": "text",
    "error_message": "text",
    "created_at": "timestamptz",
    "started_at": "timestamptz",
    "finished_at": "timestamptz",
    "updated_at": "timestamptz",
}
TYPED = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
FOUND = ", ".join(f"found.{name}" for name in COLUMNS)
NOTHING = ", ".join("NULL" for _ in COLUMNS)

# Who asks is said in a statement of its own. Rows come by an index, whatever statistics say: see 0002.
READ = """
CREATE FUNCTION {name}({arguments}) RETURNS TABLE ({columns}) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    moment timestamptz;
BEGIN
    PERFORM set_config('app.user_id', me::text, true), set_config('transaction_read_only', 'on', true);
    moment := clock_timestamp();
{body}
END
$$
"""

# One statement, so that what ends in this moment is either still unfinished or logged. The last row is there
# where nothing has changed, too.
CHANGES = f"""\
    RETURN QUERY WITH lately AS (
        SELECT logged.generation_id, logged.event FROM public.generation_logs AS logged
        WHERE logged.user_id = me AND logged.occurred_at > coalesce(since, moment) - overlap
    ), changed AS (
        SELECT lately.generation_id FROM lately
        UNION SELECT unfinished.id FROM public.story_generations AS unfinished
        WHERE unfinished.user_id = me AND unfinished.status IN ('pending', 'in_progress')
        UNION SELECT unnest(followed)
    )
    SELECT {FOUND}, NULL::uuid, moment FROM changed
    JOIN public.story_generations AS found ON found.id = changed.generation_id AND found.user_id = me
    UNION ALL SELECT {NOTHING}, lately.generation_id, moment FROM lately WHERE lately.event = 'deleted'
    UNION ALL SELECT {NOTHING}, NULL, moment;"""  # noqa: S608 - built of constants

SOME = f"""\
    RETURN QUERY SELECT {FOUND} FROM unnest(wanted) AS asked (id)
    JOIN public.story_generations AS found ON found.id = asked.id AND found.user_id = me;"""  # noqa: S608 - built of constants

FUNCTIONS = {
    "read_generation_changes": "me uuid, since timestamptz, overlap interval, followed uuid[]",
    "read_generations": "me uuid, wanted uuid[]",
}


def upgrade() -> None:
    _read("read_generation_changes", CHANGES, "deleted uuid", "until timestamptz")
    _read("read_generations", SOME)
    for name, arguments in FUNCTIONS.items():
        op.execute(f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}({arguments}) TO storycast_api")


def _read(name: str, body: str, *more: str) -> None:
    columns = ", ".join((TYPED, *more))
    op.execute(READ.format(name=name, arguments=FUNCTIONS[name], columns=columns, body=body))


def downgrade() -> None:
    for name, arguments in reversed(FUNCTIONS.items()):
        op.execute(f"DROP FUNCTION {name}({arguments})")
