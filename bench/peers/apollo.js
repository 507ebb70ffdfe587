// Apollo Server in Fastify, by the integration that its documentation names; its cache of documents is on by default.
import Fastify from 'fastify';
import { ApolloServer } from '@apollo/server';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import { identify } from './identity.js';
import { schema } from './schema.js';

const app = Fastify({ logger: false });
const apollo = new ApolloServer({
  schema,
  introspection: false,
  csrfPrevention: true,
  cache: 'bounded',
  plugins: [fastifyApolloDrainPlugin(app)],
});
await apollo.start();
app.get('/healthz', async () => ({}));
app.decorateRequest('me', null);
app.addHook('onRequest', async (request, reply) => {
  if (request.url === '/healthz') return;
  request.me = identify(request.headers.authorization);
  if (request.me === null) return reply.code(401).send({ errors: [{ message: 'Unauthorized' }] });
});
app.post('/graphql', fastifyApolloHandler(apollo, { context: async (request) => ({ me: request.me }) }));
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
