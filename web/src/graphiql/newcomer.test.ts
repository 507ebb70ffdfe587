import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildSchema, getOperationAST, parse, validate } from "graphql";
import { tabsFor } from "./newcomer.ts";

const schema = buildSchema(readFileSync(new URL("../../../schema/schema.graphql", import.meta.url), "utf-8"));

test("each operation fits the schema", () => {
  const names = tabsFor().map(({ query }) => {
    const document = parse(query);
    assert.deepEqual(validate(schema, document), []);
    return getOperationAST(document)?.name?.value;
  });
  assert.deepEqual(names, ["Initiate", "Follow", "ListByStatus", "Delete"]);
});

test("each has the variables that it declares", () => {
  for (const { query, variables = "{}" } of tabsFor("a story")) {
    const declared = getOperationAST(parse(query))?.variableDefinitions?.map(
      ({ variable }) => variable.name.value,
    );
    assert.deepEqual(Object.keys(JSON.parse(variables) as object), declared ?? []);
  }
});

test("a story that there is can be narrated at once", () => {
  assert.equal(JSON.parse(tabsFor("a story")[0]!.variables!).input.storyId, "a story");
});
