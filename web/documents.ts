/**
 * `node documents.ts FOLDER`: writes documents.json, a manifest of every operation that the pages send, as text exactly
 * as they send it, by the text's SHA-256. It admits them where a server takes trusted documents alone.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRequest, type DocumentInput } from "@urql/core";
import { makeFetchBody } from "@urql/core/internal";
import * as exported from "./src/api/operations.ts";

const isOperation = (document: Exclude<DocumentInput, string>): boolean =>
  document.definitions.some((definition) => definition.kind === "OperationDefinition");

const isDocument = (value: unknown): value is Exclude<DocumentInput, string> =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "Document";

const texts = Object.values<unknown>(exported)
  .filter(isDocument)
  .filter(isOperation)
  .map((document) => makeFetchBody(createRequest(document, {})).query ?? "");
const manifest = Object.fromEntries(
  texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]),
);
const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node documents.ts FOLDER");
writeFileSync(join(folder, "documents.json"), JSON.stringify(manifest, null, 1));
