/** GraphiQL, signed in as the pages are. What asks for a token asks in the same dialog. */
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { effect } from "@preact/signals";
import { GraphiQL } from "graphiql";
import { h, render } from "preact";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { owner, token } from "../api/session.ts";
import { SignIn } from "../frame/sign-in.tsx";
import { fetcher } from "./fetcher.ts";
import { storage } from "./storage.ts";
import { arePrefilled, prefilled } from "./tabs.ts";

render(h(SignIn, null), document.getElementById("sign-in")!);
void token();
const defaultTabs = arePrefilled() ? await prefilled() : [];
const root = createRoot(document.getElementById("graphiql")!);

effect(() => {
  const who = owner.value ? `, signed in as ${owner.value.name}` : "";
  const back = createElement("a", { href: "./", title: `Back to your stories${who}` }, "‹ Storycast");
  root.render(
    createElement(
      GraphiQL,
      {
        fetcher,
        storage,
        ...(defaultTabs.length > 0 && { defaultTabs }),
        defaultEditorToolsVisibility: "variables",
        shouldPersistHeaders: false,
        showPersistHeadersSettings: false,
      },
      createElement(GraphiQL.Logo, null, back),
    ),
  );
});
