// Apollo Server in Fastify, by the integration that its documentation names; its cache of documents is on by default.
import { ApolloServer } from '@apollo/server';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import { schema } from './schema.js';
import { serveByFastify } from './serving.js';

await serveByFastify(async (app) => {
  const apollo = new ApolloServer({
    schema,
    introspection: false,
    csrfPrevention: true,
    cache: 'bounded',
    plugins: [fastifyApolloDrainPlugin(app)],
  });
  await apollo.start();
  app.post('/graphql', fastifyApolloHandler(apollo, { context: async (request) => ({ me: request.me }) }));
});
