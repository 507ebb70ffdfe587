"""Stories, generations, logs and quotas, with row-level security on all of them."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE stories (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    title text NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_stories PRIMARY KEY (id),
    CONSTRAINT uq_stories_id_user_id UNIQUE (id, user_id),
    CONSTRAINT ck_stories_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT ck_stories_content_length CHECK (char_length(content) BETWEEN 1 AND 1000000)
);
CREATE INDEX ix_stories_user_id_id ON stories (user_id, id);

CREATE TABLE story_generations (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    story_id uuid NOT NULL,
    text text NOT NULL,
    voice text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    progress smallint NOT NULL DEFAULT 0,
    revision integer NOT NULL DEFAULT 1,
    attempt smallint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    next_wake_at timestamptz,
    result_key text,
    captions_key text,
    duration_seconds double precision,
    error_code text,
    error_message text,
    idempotency_key text,
    request_hash bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_story_generations PRIMARY KEY (id),
    CONSTRAINT fk_story_generations_story_id_user_id
        FOREIGN KEY (story_id, user_id) REFERENCES stories (id, user_id),
    CONSTRAINT uq_story_generations_user_id_idempotency_key UNIQUE (user_id, idempotency_key),
    CONSTRAINT ck_story_generations_status
        CHECK (status IN ('pending', 'in_progress', 'succeeded', 'failed')),
    CONSTRAINT ck_story_generations_progress CHECK (progress BETWEEN 0 AND 100)
);
CREATE INDEX ix_story_generations_user_id_id ON story_generations (user_id, id);
CREATE INDEX ix_story_generations_user_id_status_id ON story_generations (user_id, status, id);
CREATE INDEX ix_story_generations_story_id ON story_generations (story_id);
CREATE INDEX ix_story_generations_to_wake ON story_generations (next_wake_at)
    WHERE status IN ('pending', 'in_progress');

CREATE TABLE generation_logs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    generation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    event text NOT NULL,
    detail text,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_generation_logs PRIMARY KEY (id)
);
CREATE INDEX ix_generation_logs_generation_id ON generation_logs (generation_id);
CREATE INDEX ix_generation_logs_user_id_occurred_at ON generation_logs (user_id, occurred_at);

CREATE TABLE initiation_quotas (
    user_id uuid NOT NULL,
    tokens double precision NOT NULL,
    refilled_at timestamptz NOT NULL,
    CONSTRAINT pk_initiation_quotas PRIMARY KEY (user_id)
);
"""

# The sub-select makes PostgreSQL evaluate the setting once a query instead of once a row. nullif: a
# setting that was local to an earlier transaction reads as '' for ever after on its connection.
USER_ONLY = """
CREATE POLICY api_own_rows ON {table} TO storycast_api
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
"""

EVERY_TABLE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_migrates ON {table} TO storycast_owner USING (true) WITH CHECK (true);
"""

RIGHTS = """
GRANT SELECT, INSERT, DELETE, UPDATE (title, content, updated_at) ON stories TO storycast_api;
GRANT SELECT, INSERT, DELETE ON story_generations TO storycast_api;
GRANT UPDATE (text, status, revision, lease_until, next_wake_at, error_code, error_message, finished_at,
              updated_at)
    ON story_generations TO storycast_api;
GRANT SELECT, INSERT, DELETE ON generation_logs TO storycast_api;
GRANT SELECT, INSERT, UPDATE (tokens, refilled_at) ON initiation_quotas TO storycast_api;

CREATE POLICY worker_reads ON story_generations FOR SELECT TO storycast_worker
    USING (true);
CREATE POLICY worker_narrates ON story_generations FOR UPDATE TO storycast_worker
    USING (true) WITH CHECK (true);
GRANT SELECT (id, user_id, story_id, text, voice, status, progress, revision, attempt, lease_until,
              next_wake_at, result_key, captions_key, duration_seconds, error_code, error_message, created_at,
              started_at, finished_at, updated_at)
    ON story_generations TO storycast_worker;
GRANT UPDATE (text, status, progress, revision, attempt, lease_until, next_wake_at, result_key,
              captions_key, duration_seconds, error_code, error_message, started_at, finished_at, updated_at)
    ON story_generations TO storycast_worker;

CREATE POLICY worker_logs ON generation_logs FOR INSERT TO storycast_worker WITH CHECK (true);
CREATE POLICY worker_reads_burials ON generation_logs FOR SELECT TO storycast_worker
    USING (event = 'deleted');
CREATE POLICY worker_forgets_burials ON generation_logs FOR DELETE TO storycast_worker
    USING (event = 'deleted');
GRANT INSERT, DELETE, SELECT (event, occurred_at) ON generation_logs TO storycast_worker;

CREATE POLICY all_read ON alembic_version FOR SELECT TO storycast_api, storycast_worker USING (true);
GRANT SELECT ON alembic_version TO storycast_api, storycast_worker;
"""


def upgrade() -> None:
    _execute(TABLES)
    for table in ("stories", "story_generations", "generation_logs", "initiation_quotas"):
        _execute(EVERY_TABLE.format(table=table))
        _execute(USER_ONLY.format(table=table))
    _execute(EVERY_TABLE.format(table="alembic_version"))
    _execute(RIGHTS)


def _execute(script: str) -> None:
    """One by one: the driver prepares statements, and takes no two at once."""
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE story_generations, stories, generation_logs, initiation_quotas")
    op.execute("REVOKE ALL ON alembic_version FROM storycast_api, storycast_worker")
    op.execute("DROP POLICY all_read ON alembic_version")
    op.execute("DROP POLICY owner_migrates ON alembic_version")
    op.execute("ALTER TABLE alembic_version DISABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE alembic_version NO FORCE ROW LEVEL SECURITY")
