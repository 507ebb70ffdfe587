// Mercurius with its JIT, compiled at a document's first use, and its cache of parsed and validated documents.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { identify } from './identity.js';
import { schema } from './schema.js';

const app = Fastify({ logger: false });
app.get('/healthz', async () => ({}));
app.addHook('onRequest', async (request, reply) => {
  if (request.url === '/healthz') return;
  request.me = identify(request.headers.authorization);
  if (request.me === null) return reply.code(401).send({ errors: [{ message: 'Unauthorized' }] });
});
app.decorateRequest('me', null);
app.register(mercurius, { schema, jit: 1, graphiql: false, context: (request) => ({ me: request.me }) });
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
