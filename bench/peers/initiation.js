// Asking for a narration: quota, row and log entry in one transaction, or in one call of Storycast's function; after
// the commit the doorbell (what Dramatiq writes) and the news for subscribers, which go to Redis in one round trip.
import { randomBytes, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { COLUMNS, ONE_TRIP, pool, statement, transaction } from './sql.js';

const PER_MINUTE = Number(process.env.INITIATIONS_PER_MINUTE);
const UNFINISHED = Number(process.env.UNFINISHED_GENERATIONS);
const SWEEP_SECONDS = Number(process.env.SWEEP_SECONDS);

const redis = new Redis({ path: process.env.REDIS_SOCKET });

const setWriter = statement('writer', "SELECT set_config('app.user_id', $1, true)");
const lockStory = statement('lock', 'SELECT id FROM stories WHERE id = $1 AND user_id = $2 FOR KEY SHARE');
const AVAILABLE = 'available_initiations(quota.tokens, quota.refilled_at, $2::int)';
const takeInitiation = statement(
  'take',
  `INSERT INTO initiation_quotas AS quota (user_id, tokens, refilled_at)
   VALUES ($1, $2::int - 1, clock_timestamp())
   ON CONFLICT (user_id) DO UPDATE SET tokens = ${AVAILABLE} - 1, refilled_at = clock_timestamp()
   WHERE ${AVAILABLE} >= 1 RETURNING tokens`,
);
const countUnfinished = statement(
  'unfinished',
  "SELECT count(*) FROM story_generations WHERE user_id = $1 AND status IN ('pending', 'in_progress')",
);
const addGeneration = statement(
  'add',
  `INSERT INTO story_generations (id, user_id, story_id, text, voice, next_wake_at)
   SELECT $1, $2, id, content, $4, now() + $5 * interval '1 second'
   FROM stories WHERE id = $3 AND user_id = $2 RETURNING ${COLUMNS}`,
);
const writeLog = statement(
  'log',
  "INSERT INTO generation_logs (generation_id, user_id, event, detail) VALUES ($1, $2, 'created', NULL)",
);

const callInitiate = statement(
  'call_initiate',
  `SELECT ${COLUMNS}, outcome FROM initiate_generation($1, $2, $3, $4, NULL, NULL, $5, $6, $7)`,
);

const limited = (message, retryAfterSeconds) => {
  return { __typename: 'RateLimitedError', code: 'RATE_LIMITED', message, retryAfterSeconds };
};
const REFUSALS = {
  'no story': { __typename: 'StoryNotFoundError', code: 'STORY_NOT_FOUND', message: 'Story not found' },
  'too often': limited('Too often', 1),
  'too many': limited('Too many', 10),
};

export async function initiate(me, storyId, voice) {
  const row = await (ONE_TRIP ? initiateInOne(me, storyId, voice) : initiateInSteps(me, storyId, voice));
  if (row.outcome in REFUSALS) return REFUSALS[row.outcome];
  await ring(me, row);
  return { __typename: 'InitiateStoryGenerationSuccess', generation: row };
}

async function initiateInOne(me, storyId, voice) {
  const values = [me, uuid7(), storyId, voice, PER_MINUTE, UNFINISHED, SWEEP_SECONDS];
  return (await callInitiate(pool, ...values)).rows[0];
}

function initiateInSteps(me, storyId, voice) {
  return transaction(async (client) => {
    await setWriter(client, me);
    if (!(await lockStory(client, storyId, me)).rows.length) return { outcome: 'no story' };
    if (!(await takeInitiation(client, me, PER_MINUTE)).rows.length) return { outcome: 'too often' };
    if ((await countUnfinished(client, me)).rows[0].count >= UNFINISHED) return { outcome: 'too many' };
    const { rows } = await addGeneration(client, uuid7(), me, storyId, voice, SWEEP_SECONDS);
    await writeLog(client, rows[0].id, me);
    return { ...rows[0], outcome: 'made' };
  });
}

async function ring(me, { id, revision, status, progress, attempts }) {
  const redisMessageId = randomUUID();
  const doorbell = {
    queue_name: 'narrations',
    actor_name: 'narrate',
    args: [id],
    kwargs: {},
    options: { redis_message_id: redisMessageId },
    message_id: randomUUID(),
    message_timestamp: Date.now(),
  };
  const change = { id, change: 'created', revision, status, progress, attempt: attempts };
  await redis
    .pipeline()
    .hset('dramatiq:narrations.msgs', redisMessageId, JSON.stringify(doorbell))
    .rpush('dramatiq:narrations', redisMessageId)
    .publish(`storycast:user:${me}`, JSON.stringify(change))
    .exec();
}

/** RFC 9562, section 5.7. */
function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
