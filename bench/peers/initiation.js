// Asking for a narration: what Storycast's own statements do, in the same order, and what follows the commit.
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { transaction } from './sql.js';

const redis = new Redis({ path: process.env.REDIS_SOCKET });

export async function initiate(me, storyId, voice) {
  throw new Error('later');
}
