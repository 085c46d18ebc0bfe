// Through Vite, as Node 20 reads no TypeScript.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const page = fileURLToPath(new URL("./page.ts", import.meta.url));
const { module } = await runnerImport(page, { configFile: false, logLevel: "error" });
await module.main(process.argv.slice(2));
