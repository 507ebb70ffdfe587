// graphql-ws over ws, with news from ioredis: as their documentation has it. One connection to Redis for all, each
// message parsed once; a row is read when it is asked for, under row security, and messages say how far it has come.
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';
import { identify } from './identity.js';
import { schema } from './schema.js';
import { readOne } from './sql.js';

const redis = new Redis({ path: process.env.REDIS_SOCKET });
const listeners = new Map();
redis.on('message', (channel, text) => {
  const change = JSON.parse(text);
  for (const listener of listeners.get(channel) ?? []) listener(change);
});

/** A user's changes, from when it is first awaited; a queue of its own for each subscriber. */
async function* changesOf(me) {
  const channel = `storycast:user:${me}`;
  const queue = [];
  let wake = () => {};
  const listener = (change) => {
    queue.push(change);
    wake();
  };
  if (!listeners.has(channel)) listeners.set(channel, new Set());
  listeners.get(channel).add(listener);
  await redis.subscribe(channel);
  try {
    yield null;
    for (;;) {
      while (queue.length) yield queue.shift();
      await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    listeners.get(channel).delete(listener);
    if (!listeners.get(channel).size) {
      listeners.delete(channel);
      await redis.unsubscribe(channel);
    }
  }
}

function advanced(row, { status, progress, revision }) {
  return { ...row, status, progress, revision };
}

const { storyGenerationProgress, storyGenerationEvents } = schema.getSubscriptionType().getFields();

storyGenerationProgress.resolve = (row) => row;
storyGenerationProgress.subscribe = async function* (_, { id }, { me }) {
  let row;
  for await (const change of changesOf(me)) {
    if (change === null) row = await readOne(me, id);
    else if (change.id !== id || change.revision <= row.revision) continue;
    else row = advanced(row, change);
    yield row;
  }
};

storyGenerationEvents.resolve = (event) => event;
storyGenerationEvents.subscribe = async function* (_, __, { me }) {
  const rows = new Map();
  for await (const change of changesOf(me)) {
    if (change === null) continue;
    const { id } = change;
    const row = rows.get(id) ?? (await readOne(me, id));
    rows.set(id, advanced(row, change));
    yield { change: change.change.toUpperCase(), id, generation: rows.get(id) };
  }
};

const server = createServer((_, response) => response.end('{}'));
useServer(
  {
    schema,
    onConnect: ({ connectionParams, extra }) => {
      extra.me = identify(connectionParams?.Authorization);
      return extra.me !== null;
    },
    context: ({ extra }) => ({ me: extra.me }),
  },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(Number(process.env.PORT), '127.0.0.1');
