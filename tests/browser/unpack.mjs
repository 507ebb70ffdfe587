// node unpack.mjs FOLDER: what @sparticuz/chromium has packed, its libraries and fonts too. Not by its own
// executablePath(), which takes any /tmp/chromium for its own.
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";

const main = fileURLToPath(import.meta.resolve("@sparticuz/chromium"));
const tar = createRequire(main)("tar-fs");
const folder = process.argv[2];
const packed = (name) =>
  createReadStream(join(dirname(main), "..", "bin", name)).pipe(createBrotliDecompress());

mkdirSync(folder, { recursive: true });
await pipeline(packed("chromium.br"), createWriteStream(join(folder, "chromium"), { mode: 0o755 }));
for (const name of ["al2023", "fonts"]) await pipeline(packed(`${name}.tar.br`), tar.extract(join(folder, name)));
await pipeline(packed("swiftshader.tar.br"), tar.extract(folder));
