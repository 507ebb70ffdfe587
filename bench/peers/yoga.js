// GraphQL Yoga on Node's own HTTP server, with its cache of documents (on by default) and the JIT plugin that its
// documentation offers. µWebSockets.js, which it also offers, is not published to npm.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createYoga } from 'graphql-yoga';
import { identify } from './identity.js';
import { schema } from './schema.js';

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
createServer((request, response) => {
  if (request.url === '/healthz') return response.end();
  request.me = identify(request.headers.authorization);
  if (request.me === null) {
    response.writeHead(401, { 'Content-Type': 'application/json' });
    return response.end('{"errors":[{"message":"Unauthorized"}]}');
  }
  return yoga(request, response);
}).listen(Number(process.env.PORT), '127.0.0.1');
