// What graphql-http's audits of a server find: `node audits.mjs URL TOKEN`.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const Authorization = `Bearer ${token}`;
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, Authorization } });

const found = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason, response } = await audit.fn();
  found.push({ id, name, status, reason, answered: response && response.status });
  await response?.body?.cancel().catch(() => {});
}
console.log(JSON.stringify(found));
