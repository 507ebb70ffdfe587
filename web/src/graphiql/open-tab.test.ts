import assert from "node:assert/strict";
import { test } from "node:test";
import { openTab } from "./open-tab.ts";

const TABS = [
  { query: "{ a }", variables: '{"a":1}' },
  { query: null, variables: null },
];

test("the one that was open is", () => {
  assert.deepEqual(openTab(JSON.stringify({ activeTabIndex: 0, tabs: TABS })), TABS[0]);
  assert.deepEqual(openTab(JSON.stringify({ activeTabIndex: 1, tabs: TABS })), { query: "", variables: "" });
});

test("or the first, where it is gone", () => {
  assert.deepEqual(openTab(JSON.stringify({ activeTabIndex: 2, tabs: TABS })), TABS[0]);
});

test("none is where none can be read", () => {
  for (const kept of [null, "", "{", "{}", "null", '{"activeTabIndex":0,"tabs":[]}']) {
    assert.equal(openTab(kept), undefined);
  }
});
