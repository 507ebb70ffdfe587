// GraphQL Yoga on Node's own HTTP server, with its cache of documents (on by default) and the JIT plugin that its
// documentation offers. µWebSockets.js, which it also offers, is not published to npm.
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createYoga } from 'graphql-yoga';
import { schema } from './schema.js';
import { serveByNode } from './serving.js';

const yoga = createYoga({
  schema,
  logging: false,
  graphiql: false,
  landingPage: false,
  cors: false,
  multipart: false,
  plugins: process.env.JIT === '0' ? [] : [useGraphQlJit()],
  context: ({ req }) => ({ me: req.me }),
});
serveByNode(yoga);
