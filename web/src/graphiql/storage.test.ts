import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutHeaders } from "./storage.ts";

test("headers are left out wherever they are, and nothing else is", () => {
  const kept = { queries: [{ query: "{ a }", headers: '{"Authorization":"Bearer x"}', variables: '{"headers":1}' }] };
  assert.deepEqual(JSON.parse(withoutHeaders(JSON.stringify(kept))), {
    queries: [{ query: "{ a }", headers: null, variables: '{"headers":1}' }],
  });
});

test("what is no JSON stays as it is", () => {
  assert.equal(withoutHeaders("query { headers"), "query { headers");
  assert.equal(withoutHeaders(""), "");
  assert.equal(withoutHeaders("0.5"), "0.5");
});
