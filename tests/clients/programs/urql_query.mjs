// A plain query by urql: what it asks for, and what comes: `node urql_query.mjs URL TOKEN METHOD`.
import { Client, fetchExchange, gql } from '@urql/core';

const [url, token, method] = process.argv.slice(2);
const seen = {};
const client = new Client({
  url,
  exchanges: [fetchExchange],
  preferGetMethod: method === 'GET' && 'force',
  fetchSubscriptions: true,
  fetchOptions: () => ({ headers: { Authorization: `Bearer ${token}` } }),
  fetch: async (address, options) => {
    const response = await fetch(address, options);
    seen.method = options.method;
    seen.accept = options.headers.accept;
    seen.contentType = response.headers.get('content-type');
    return response;
  },
});
const { data, error } = await client.query(gql`{ viewer { id } }`, {}).toPromise();
console.log(JSON.stringify({ ...seen, data, error: error?.message }));
