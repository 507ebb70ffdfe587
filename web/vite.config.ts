import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

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
          const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
          writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content, { params }));
          writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      },
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [precompress()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2023",
    outDir: process.env.STORYCAST_WEB_OUT ?? "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 6000,
    reportCompressedSize: false,
    manifest: true,
    rolldownOptions: {
      onLog: (level, log, show) => void (log.code === "MODULE_LEVEL_DIRECTIVE" || show(level, log)),
      input: { ui: "index.html", graphiql: "graphiql.html" } },
  },
});
