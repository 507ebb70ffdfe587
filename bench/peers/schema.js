// Storycast's own contract, with resolvers for what is measured. One schema object for all three servers.
import { readFileSync } from 'node:fs';
import { GraphQLError, GraphQLScalarType } from 'graphql';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { initiate } from './initiation.js';
import { readOne, readPage } from './sql.js';

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const VOICES = { heart: { id: 'heart', name: 'Heart', language: 'en-US' } };

function uuid(value) {
  if (typeof value !== 'string' || !UUID_FORM.test(value)) throw new GraphQLError('not a UUID');
  return value;
}

const resolvers = {
  UUID: new GraphQLScalarType({
    name: 'UUID',
    serialize: (value) => value,
    parseValue: uuid,
    parseLiteral: (node) => uuid(node.value),
  }),
  DateTime: new GraphQLScalarType({ name: 'DateTime', serialize: (value) => value.toISOString() }),
  GenerationStatus: {
    PENDING: 'pending',
    IN_PROGRESS: 'in_progress',
    SUCCEEDED: 'succeeded',
    FAILED: 'failed',
  },
  Query: {
    storyGeneration: (_, { id }, { me }) => readOne(me, id),
    storyGenerations: async (_, { page, pageSize }, { me }) => {
      if (page < 1 || page > 1_000_000 || pageSize < 1 || pageSize > 100)
        throw new GraphQLError('out of range');
      const { items, total } = await readPage(me, page, pageSize);
      return { items, meta: { page, pageSize, total } };
    },
  },
  Mutation: {
    initiateStoryGeneration: (_, { input }, { me }) => initiate(me, input.storyId, input.voice ?? 'heart'),
  },
  StoryGeneration: { voice: (row) => VOICES[row.voice] },
};

const typeDefs = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');
export const schema = makeExecutableSchema({
  typeDefs,
  resolvers,
  resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
});
