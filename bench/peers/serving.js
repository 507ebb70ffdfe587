// A peer's HTTP: /healthz for whoever asks, and everything else for who is signed in (`request.me`).
import { createServer } from 'node:http';
import Fastify from 'fastify';
import { identify } from './identity.js';

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT) };
const REFUSED = { errors: [{ message: 'Unauthorized' }] };

// On Node's own server.
export function serveByNode(answer) {
  createServer((request, response) => {
    if (request.url === '/healthz') return response.end();
    request.me = identify(request.headers.authorization);
    if (request.me === null) {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      return response.end(JSON.stringify(REFUSED));
    }
    return answer(request, response);
  }).listen(ADDRESS);
}

// On Fastify: `register` adds the peer to it.
export async function serveByFastify(register) {
  const app = Fastify({ logger: false });
  app.get('/healthz', async () => ({}));
  app.decorateRequest('me', null);
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/healthz') return;
    request.me = identify(request.headers.authorization);
    if (request.me === null) return reply.code(401).send(REFUSED);
  });
  await register(app);
  await app.listen(ADDRESS);
}
