// The client preset: types for each document of trip.ts, and the manifest of all of them.
// https://the-guild.dev/graphql/codegen/plugins/presets/preset-client

import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../../schema/schema.graphql",
  documents: "trip.ts",
  importExtension: ".ts",
  generates: {
    "generated/": {
      preset: "client",
      // Writes persisted-documents.json: hashes (SHA-256) and the documents they stand for.
      presetConfig: { persistedDocuments: true, fragmentMasking: false },
      config: {
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { DateTime: "string", UUID: "string" },
      },
    },
  },
};

export default config;
