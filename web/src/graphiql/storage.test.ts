import assert from "node:assert/strict";
import { test } from "node:test";
import { storageOf, withoutHeaders } from "./storage.ts";

test("headers are left out wherever they are, and nothing else is", () => {
  const kept = {
    queries: [{ query: "{ a }", headers: '{"Authorization":"Bearer x"}', variables: '{"headers":1}' }],
  };
  assert.deepEqual(JSON.parse(withoutHeaders(JSON.stringify(kept))), {
    queries: [{ query: "{ a }", headers: null, variables: '{"headers":1}' }],
  });
});

test("what is no JSON stays as it is", () => {
  assert.equal(withoutHeaders("query { headers"), "query { headers");
  assert.equal(withoutHeaders(""), "");
  assert.equal(withoutHeaders("0.5"), "0.5");
});

test("each person has their own; what the tabs say too, and headers, nobody", () => {
  const browser = inMemory();
  const [one, other] = [storageOf("one", browser), storageOf("other", browser)];
  for (const name of ["tabState", "headers", "query", "variables"]) one.setItem(`graphiql:${name}`, "1");
  other.setItem("graphiql:queries", "2");
  assert.deepEqual(Object.keys(browser), ["graphiql:one:tabState", "graphiql:other:queries"]);
  assert.deepEqual([one.getItem("graphiql:tabState"), one.length], ["1", 1]);
  assert.deepEqual([other.getItem("graphiql:tabState"), other.length], [null, 1]);
  one.clear();
  other.removeItem("graphiql:tabState");
  assert.deepEqual(Object.keys(browser), ["graphiql:other:queries"]);
});

/** As browsers have it: what is kept are the properties that can be listed. */
function inMemory(): Storage {
  const kept: Record<string, string> = {};
  const hidden = {
    getItem: (name: string) => kept[name] ?? null,
    setItem: (name: string, value: string) => void (kept[name] = value),
    removeItem: (name: string) => void delete kept[name],
  };
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(kept, name, { value });
  return kept as unknown as Storage;
}
