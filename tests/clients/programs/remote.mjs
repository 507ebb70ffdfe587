// A client that does what lines on stdin say, and tells on stdout what it meets, each a JSON object:
// `node remote.mjs TRANSPORT URL TOKEN`, where TRANSPORT names a function below. It ends when stdin does.
import { createInterface } from 'node:readline';
import * as sse from 'graphql-sse';
import * as ws from 'graphql-ws';
import WebSocket from 'ws';

const [transport, url, firstToken, given = '{}'] = process.argv.slice(2);
const options = JSON.parse(given);
let token = firstToken;

const tell = (message) => console.log(JSON.stringify(message));
const credentials = () => ({ Authorization: `Bearer ${token}` });
const pause = () => new Promise((resume) => setTimeout(resume, 50));

const transports = {
  'graphql-ws': () =>
    ws.createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: credentials,
      retryAttempts: 1000,
      retryWait: pause,
      // Else a server that is not there for a moment is the end.
      shouldRetry: () => true,
      on: {
        connected: (_, __, again) => tell({ connected: again }),
        closed: ({ code, reason }) => tell({ closed: code, reason }),
      },
      onNonLazyError: ({ code }) => tell({ gaveUp: code }),
      ...options,
    }),
  'graphql-sse': () =>
    sse.createClient({
      url,
      headers: credentials,
      retryAttempts: 1000,
      retry: pause,
      on: { connected: (again) => tell({ connected: again }) },
      ...options,
    }),
};
const client = transports[transport]();

const commands = {
  subscribe({ operation, payload }) {
    const sink = {
      next: (result) => tell({ operation, next: result }),
      error: (error) => tell({ operation, error: described(error) }),
      complete: () => tell({ operation, complete: true }),
    };
    running.set(operation, client.subscribe(payload, sink));
  },
  unsubscribe: ({ operation }) => running.get(operation)(),
  renew: (command) => (token = command.token),
};
const running = new Map();

// An array holds the server's errors; else it is the client's own, of a close frame or of an HTTP status.
const described = (error) =>
  Array.isArray(error)
    ? error
    : { code: error.code, reason: error.reason, status: error.response?.status, message: error.message };

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.command](command);
}
await client.dispose();
