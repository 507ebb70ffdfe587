// One query twice, by a client that sends hashes: `node persisted.mjs CLIENT URL TOKEN METHOD`, where CLIENT names a
// function below. Prints the requests it made, and what it got.
import { createHash } from 'node:crypto';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

const [client, url, token, method] = process.argv.slice(2);
const query = gql`query Who { viewer { id } }`;
const headers = { Authorization: `Bearer ${token}` };
const requests = [];

async function recordingFetch(address, options) {
  const sent = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams);
  const response = await fetch(address, options);
  requests.push({ method: options.method, hasText: Boolean(sent.query), status: response.status });
  return response;
}

const clients = {
  async apollo() {
    const hashing = new PersistedQueryLink({
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      useGETForHashedQueries: method === 'GET',
    });
    const link = hashing.concat(new HttpLink({ uri: url, headers, fetch: recordingFetch }));
    const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
    return async () => (await apollo.query({ query, fetchPolicy: 'no-cache' })).data;
  },
  async urql() {
    const urql = new Client({
      url,
      preferGetMethod: false,
      fetchOptions: { headers },
      fetch: recordingFetch,
      exchanges: [
        persistedExchange({ preferGetForPersistedQueries: method === 'GET' && 'force' }),
        fetchExchange,
      ],
    });
    return async () => {
      const { data, error } = await urql.query(query, {}).toPromise();
      if (error) throw error;
      return data;
    };
  },
};
const ask = await clients[client]();
const data = [await ask(), await ask()];
console.log(JSON.stringify({ requests, data }));
