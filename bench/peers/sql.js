// The SQL, with its transactions. TRIPS=1: each operation is one call of a function of Storycast's that sets the
// identity and then reads. Otherwise a transaction, statement by statement. Every statement is prepared
// once on each connection, by its name.
import pg from 'pg';

export const ONE_TRIP = process.env.TRIPS === '1';
export const pool = new pg.Pool({ max: Number(process.env.POOL_SIZE) });
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export const COLUMNS = `id, story_id AS "storyId", voice, status, progress, revision, attempt AS attempts, result_key,
  captions_key, duration_seconds AS "durationSeconds", error_code, error_message, created_at AS "createdAt",
  started_at AS "startedAt", finished_at AS "finishedAt"`;

export const statement =
  (name, text) =>
  (client, ...values) =>
    client.query({ name, text, values });

const setReader = statement(
  'reader',
  "SELECT set_config('app.user_id', $1, true), set_config('transaction_read_only', 'on', true)",
);
const selectPage = statement(
  'page',
  `SELECT ${COLUMNS} FROM story_generations WHERE user_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`,
);
const selectCount = statement('count', 'SELECT count(*) AS total FROM story_generations WHERE user_id = $1');
const selectOne = statement('one', `SELECT ${COLUMNS} FROM story_generations WHERE user_id = $1 AND id = $2`);
const callPage = statement(
  'call_page',
  `SELECT ${COLUMNS}, total FROM read_generation_page($1, NULL, $2, $3, true, NULL)`,
);
const callOne = statement('call_one', `SELECT ${COLUMNS} FROM read_generation($1, $2, NULL)`);

export async function transaction(work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const found = await work(client);
    await client.query('COMMIT');
    return found;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

export async function readPage(me, page, pageSize) {
  const offset = (page - 1) * pageSize;
  if (ONE_TRIP) {
    const { rows } = await callPage(pool, me, pageSize, offset);
    // A page past the end is one row with the total alone.
    return { items: rows[0].id === null ? [] : rows, total: rows[0].total };
  }
  return transaction(async (client) => {
    await setReader(client, me);
    const { rows } = await selectPage(client, me, pageSize, offset);
    const counted = await selectCount(client, me);
    return { items: rows, total: counted.rows[0].total };
  });
}

export async function readOne(me, id) {
  if (ONE_TRIP) {
    const [row] = (await callOne(pool, me, id)).rows;
    return row.id === null ? null : row;
  }
  return transaction(async (client) => {
    await setReader(client, me);
    return (await selectOne(client, me, id)).rows[0] ?? null;
  });
}
