// What the client library weighs: all of sdk/index.ts, minified and compressed.
//   node scripts/size.mjs    fails above the promise that docs/client-library.md makes
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const MOST_BYTES = 6_000;

const { output } = await build({
  root: fileURLToPath(new URL("..", import.meta.url)),
  configFile: false,
  logLevel: "error",
  build: {
    write: false,
    target: "es2023",
    rolldownOptions: { input: "sdk/index.ts", preserveEntrySignatures: "strict" },
    modulePreload: { polyfill: false },
  },
});
const [{ code }] = output;
const bytes = gzipSync(code, { level: 9 }).length;
console.log(
  `sdk/index.ts: ${bytes} bytes of at most ${MOST_BYTES} (gzip -9; ${code.length} minified)`,
);
process.exitCode = bytes > MOST_BYTES ? 1 : 0;
