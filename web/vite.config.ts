import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

/** Most bytes of script that the UI's page may load, compressed by gzip. */
const BUDGET = 150_000;

/**
 * Writes `.br` and `.gz` beside whatever is worth it. From disk: in `generateBundle` Vite's own last
 * changes to the code are still to come.
 */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    writeBundle: {
      order: "post",
      sequential: true,
      handler({ dir = "" }, bundle) {
        for (const name of Object.keys(bundle)) {
          const content = readFileSync(join(dir, name));
          if (content.length < 1024 || !/\.(js|css|html|svg|ttf)$/.test(name)) continue;
          const params = {
            [constants.BROTLI_PARAM_QUALITY]: 9,
            [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
          };
          writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content, { params }));
          writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      },
    },
  };
}

/** Fails the build when the script that `page` loads, at once or later, is over the budget. */
function budget(page: string): Plugin {
  return {
    name: "budget",
    apply: "build",
    writeBundle: {
      order: "post",
      sequential: true,
      handler({ dir = "" }, bundle) {
        const sizes = [...scriptsOf(page, bundle)].map(
          (name) => gzipSync(readFileSync(join(dir, name))).length,
        );
        const total = sizes.reduce((sum, size) => sum + size, 0);
        if (total > BUDGET)
          this.error(`${page} loads ${total} bytes of compressed script: ${BUDGET} are the most.`);
      },
    },
  };
}

function scriptsOf(page: string, bundle: Rolldown.OutputBundle): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (chunk?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    [...chunk.imports, ...chunk.dynamicImports].forEach(add);
  };
  for (const chunk of Object.values(bundle)) {
    if (chunk.type === "chunk" && chunk.facadeModuleId?.endsWith(`/${page}`)) add(chunk.fileName);
  }
  if (found.size === 0) throw new Error(`${page} loads no script.`);
  return found;
}

export default defineConfig({
  base: "./",
  envDir: false,
  plugins: [precompress(), budget("index.html")],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2023",
    // Where a build by hand goes: `dist` is a link, which build.py makes.
    outDir: ".built/by-hand",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 6000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { ui: "index.html", graphiql: "graphiql.html" },
      // The packages under GraphiQL are full of "use client".
      onLog: (level, log, show) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") show(level, log);
      },
    },
  },
});
