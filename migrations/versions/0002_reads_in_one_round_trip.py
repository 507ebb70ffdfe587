"""Functions that say who asks, then do all of it: a transaction of one statement, in one round trip."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

# What readers of generations are given.
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

# What a bucket holds at this moment. PostgreSQL puts it in place of its calls.
AVAILABLE = """
CREATE FUNCTION available_initiations(tokens double precision, refilled_at timestamptz, per_minute integer)
RETURNS double precision LANGUAGE sql VOLATILE
RETURN least(
    per_minute,
    tokens + greatest(0, extract(epoch FROM clock_timestamp() - refilled_at)::double precision)
        * per_minute / 60
)
"""

# A plan is made once a connection, as making it takes longer than the reading: for any user, any number of
# rows, and maybe on a table that is empty yet. It must not go by statistics, then: rows come by an index, and
# in its order. Who asks is said in a statement of its own, as SQL promises no order within one.
SETTINGS = """\
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off"""
READ = """
CREATE FUNCTION {name}({arguments}) RETURNS TABLE ({columns}) LANGUAGE plpgsql
{settings}
AS $$
BEGIN
    PERFORM set_config('app.user_id', me::text, true), set_config('transaction_read_only', 'on', true);
{body}
END
$$
"""
# Without `wanted`, of every status. One query for both ways could use neither index.
BY_STATUS = """\
    IF wanted IS NULL THEN
{any_status}
    ELSE
{one_status}
    END IF;"""

LEFT = """(
            SELECT public.available_initiations(bucket.tokens, bucket.refilled_at, per_minute)
            FROM public.initiation_quotas AS bucket WHERE bucket.user_id = me
        )"""

# There is a row where the page is empty too: the total is in it. What is not asked for is not looked up.
PAGE = """\
        RETURN QUERY SELECT {listed}, beside.total, beside.available
        FROM (SELECT
            CASE WHEN is_counted THEN (
                SELECT count(*) FROM public.story_generations AS counted
                WHERE counted.user_id = me{counted_of_status}
            ) END AS total,
            CASE WHEN per_minute IS NOT NULL THEN {left} END AS available
        ) AS beside LEFT JOIN LATERAL (
            SELECT {found} FROM public.story_generations AS found
            WHERE found.user_id = me{found_of_status} ORDER BY found.id DESC LIMIT most OFFSET skip
        ) AS listed ON true ORDER BY listed.id DESC;"""

ONE = """\
    RETURN QUERY SELECT {found}, beside.available
    FROM (SELECT CASE WHEN per_minute IS NOT NULL THEN {left} END AS available) AS beside
    LEFT JOIN public.story_generations AS found ON found.id = wanted_id AND found.user_id = me;"""

SLICE = """\
        RETURN QUERY SELECT {found} FROM public.story_generations AS found
        WHERE found.user_id = me AND found.id < before{found_of_status} ORDER BY found.id DESC LIMIT most;"""

# Nothing is spent or made before all of it is allowed. The lock on the key lets who comes second wait for the
# first one's answer, that on the story keeps it from going, and that on the bucket lets one initiation of a
# user run at a time, so that the count is exact. Each statement sees what was committed while the one before
# it waited; clock_timestamp() goes on, where now() is when the waiting began.
INITIATE = """
CREATE FUNCTION initiate_generation({arguments})
RETURNS TABLE ({columns}, outcome text, available double precision) LANGUAGE plpgsql
{settings}
AS $$
DECLARE
    bucket record;
BEGIN
    PERFORM set_config('app.user_id', me::text, true);
    IF key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(me::text || ' ' || key, 0));
        RETURN QUERY SELECT {known},
            CASE WHEN known.request_hash = hash_of_request THEN 'known' ELSE 'conflict' END,
            NULL::double precision
            FROM public.story_generations AS known WHERE known.user_id = me AND known.idempotency_key = key;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    PERFORM FROM public.stories AS story
        WHERE story.id = story_to_tell AND story.user_id = me FOR KEY SHARE;
    IF NOT FOUND THEN
        outcome := 'no story';
        RETURN NEXT;
        RETURN;
    END IF;
    LOOP
        SELECT quota.tokens, quota.refilled_at INTO bucket
            FROM public.initiation_quotas AS quota WHERE quota.user_id = me FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO public.initiation_quotas (user_id, tokens, refilled_at)
            VALUES (me, 'infinity', clock_timestamp()) ON CONFLICT (user_id) DO NOTHING;
    END LOOP;
    available := public.available_initiations(bucket.tokens, bucket.refilled_at, per_minute);
    IF available < 1 THEN
        outcome := 'too often';
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM FROM public.story_generations AS underway
        WHERE underway.user_id = me AND underway.status IN ('pending', 'in_progress')
        OFFSET most_unfinished - 1 LIMIT 1;
    IF FOUND THEN
        outcome := 'too many';
        RETURN NEXT;
        RETURN;
    END IF;
    available := available - 1;
    UPDATE public.initiation_quotas AS quota SET tokens = available, refilled_at = clock_timestamp()
        WHERE quota.user_id = me;
    RETURN QUERY INSERT INTO public.story_generations AS made
        (id, user_id, story_id, text, voice, next_wake_at, idempotency_key, request_hash)
        SELECT new_id, me, story.id, story.content, narrator,
            now() + make_interval(secs => wake_after_seconds), key,
            CASE WHEN key IS NOT NULL THEN hash_of_request END
        FROM public.stories AS story WHERE story.id = story_to_tell AND story.user_id = me
        RETURNING {made}, 'made', available;
    INSERT INTO public.generation_logs (generation_id, user_id, event) VALUES (new_id, me, 'created');
END
$$
"""

FUNCTIONS = {
    "available_initiations": "tokens double precision, refilled_at timestamptz, per_minute integer",
    "read_generation_page": (
        "me uuid, wanted text, most bigint, skip bigint, is_counted boolean, per_minute integer"
    ),
    "read_generation": "me uuid, wanted_id uuid, per_minute integer",
    "read_generations_before": "me uuid, wanted text, before uuid, most bigint",
    "initiate_generation": (
        "me uuid, new_id uuid, story_to_tell uuid, narrator text, key text, hash_of_request bytea,"
        " per_minute integer, most_unfinished integer, wake_after_seconds double precision"
    ),
}


def upgrade() -> None:
    op.execute(AVAILABLE)
    total, available = "total bigint", "available double precision"
    _read("read_generation_page", _by_status(PAGE), total, available)
    _read("read_generation", ONE.format(found=_columns("found"), left=LEFT), available)
    _read("read_generations_before", _by_status(SLICE))
    names = {"columns": TYPED, "known": _columns("known"), "made": _columns("made"), "settings": SETTINGS}
    op.execute(INITIATE.format(arguments=FUNCTIONS["initiate_generation"], **names))
    for name, arguments in FUNCTIONS.items():
        op.execute(f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}({arguments}) TO storycast_api")


def _read(name: str, body: str, *more: str) -> None:
    columns = ", ".join((TYPED, *more))
    told = {"arguments": FUNCTIONS[name], "columns": columns, "settings": SETTINGS}
    op.execute(READ.format(name=name, body=body, **told))


def _by_status(query: str) -> str:
    ways = {
        "any_status": {"counted_of_status": "", "found_of_status": ""},
        "one_status": {
            "counted_of_status": " AND counted.status = wanted",
            "found_of_status": " AND found.status = wanted",
        },
    }
    names = {"listed": _columns("listed"), "found": _columns("found"), "left": LEFT}
    return BY_STATUS.format(**{way: query.format(**clauses, **names) for way, clauses in ways.items()})


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in COLUMNS)


def downgrade() -> None:
    for name, arguments in reversed(FUNCTIONS.items()):
        op.execute(f"DROP FUNCTION {name}({arguments})")
