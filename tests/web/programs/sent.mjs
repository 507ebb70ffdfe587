// Run within web/: prints the text of every operation as the pages' client sends it.
import { Client, fetchExchange, stringifyDocument } from "@urql/core";
import * as exported from "./src/api/operations.ts";

const sent = [];
const client = new Client({
  url: "http://nowhere.invalid/graphql",
  preferGetMethod: false,
  exchanges: [fetchExchange],
  fetch: async (_address, { body }) => {
    sent.push(JSON.parse(body).query);
    return new Response('{"data": {}}', { headers: { "Content-Type": "application/json" } });
  },
});
for (const document of Object.values(exported)) {
  const { operation } = document.definitions?.find(({ kind }) => kind === "OperationDefinition") ?? {};
  // What graphql-ws is given.
  if (operation === "subscription") sent.push(stringifyDocument(document));
  else if (operation) await client[operation](document, {}).toPromise();
}
console.log(JSON.stringify(sent));
