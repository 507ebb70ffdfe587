/** GraphiQL, signed in as the pages are. What asks for a token asks in the same dialog. */
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { GraphiQL } from "graphiql";
import { h, render } from "preact";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { owner, token } from "../api/session.ts";
import { SignIn } from "../frame/sign-in.tsx";
import { fetcher } from "./fetcher.ts";
import { storageOf } from "./storage.ts";
import { tellTabsAsButtons } from "./tab-roles.ts";
import { found } from "./tabs.ts";

render(h(SignIn, null), document.getElementById("sign-in")!);
await token();
const { id, name } = owner.peek()!;
const storage = storageOf(id, localStorage);
const options = {
  fetcher,
  storage,
  ...(await found(storage)),
  defaultEditorToolsVisibility: "variables" as const,
  shouldPersistHeaders: false,
  showPersistHeadersSettings: false,
};
const back = createElement(
  "a",
  { href: "./", title: `Back to your stories, signed in as ${name}` },
  "‹ Storycast",
);
const root = document.getElementById("graphiql")!;
tellTabsAsButtons(root);
createRoot(root).render(createElement(GraphiQL, options, createElement(GraphiQL.Logo, null, back)));
