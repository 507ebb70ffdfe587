import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf as commandWhere, KEYS, type Focus, type Press } from "./keys.ts";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  repeat: false,
  ...more,
});
const commandOf = (pressed: Press, focus: Focus) => commandWhere(pressed, focus, true);

test("each key has its command", () => {
  const commands = [
    " ",
    "k",
    "K",
    "ArrowLeft",
    "ArrowRight",
    "j",
    "l",
    ",",
    ".",
    "<",
    ">",
    "?",
    "x",
    "Tab",
    "ArrowUp",
  ];
  assert.deepEqual(
    commands.map((key) => commandOf(press(key), "nothing")),
    [
      "toggle",
      "toggle",
      "toggle",
      "step-back",
      "step-on",
      "skip-back",
      "skip-on",
      "previous-sentence",
      "next-sentence",
      "slower",
      "faster",
      "show-keys",
      undefined,
      undefined,
      undefined,
    ],
  );
});

test("all keys that people are told of do something", () => {
  const names: Record<string, string> = { Space: " ", "←": "ArrowLeft", "→": "ArrowRight" };
  for (const { keys } of KEYS) {
    for (const key of keys) assert.ok(commandOf(press(names[key] ?? key), "nothing"), key);
  }
});

test("keys with Ctrl, Alt or Meta are the browser's", () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }]) {
    assert.equal(commandOf(press("l", more), "nothing"), undefined);
  }
});

test("arrows and the space bar with Shift are the browser's; signs may need it", () => {
  const shiftKey = true;
  for (const key of ["ArrowLeft", "ArrowRight", " "])
    assert.equal(commandOf(press(key, { shiftKey }), "nothing"), undefined);
  assert.equal(commandOf(press("?", { shiftKey }), "nothing"), "show-keys");
  assert.equal(commandOf(press("K", { shiftKey }), "nothing"), "toggle");
});

test("letters and signs can be turned off, and no other key", () => {
  const commands = ["k", "J", "l", ",", ".", "<", ">", "?", " ", "ArrowLeft", "ArrowRight"].map((key) =>
    commandWhere(press(key), "nothing", false),
  );
  assert.deepEqual(commands, [...new Array<undefined>(8).fill(undefined), "toggle", "step-back", "step-on"]);
});

test("who types, types", () => {
  for (const key of [" ", "k", "ArrowLeft", "?"]) {
    assert.equal(commandOf(press(key), "text"), undefined);
    assert.equal(commandOf(press(key), "choice"), undefined);
  }
});

test("the space bar presses the button that has the focus, and the rest goes to the player", () => {
  assert.equal(commandOf(press(" "), "button"), undefined);
  assert.equal(commandOf(press("k"), "button"), "toggle");
  assert.equal(commandOf(press("ArrowLeft"), "button"), "step-back");
  assert.equal(commandOf(press(" "), "slider"), "toggle");
});

test("a key that is held down skips on, but does not play and pause in turns", () => {
  assert.equal(commandOf(press("ArrowRight", { repeat: true }), "nothing"), "step-on");
  assert.equal(commandOf(press(" ", { repeat: true }), "nothing"), undefined);
});
