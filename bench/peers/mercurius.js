// Mercurius with its JIT, compiled at a document's first use, and its cache of parsed and validated documents.
import mercurius from 'mercurius';
import { schema } from './schema.js';
import { serveByFastify } from './serving.js';

await serveByFastify((app) => {
  app.register(mercurius, { schema, jit: 1, graphiql: false, context: (request) => ({ me: request.me }) });
});
