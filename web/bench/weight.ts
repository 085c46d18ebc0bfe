import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** What a browser is sent for each face, gzip, kB: its HTML, and the scripts and styles that that names. */
export type Weight = Record<string, number>;

/** Beside them, for all faces: MapLibre's worker. */
const WORKER = /maplibre-gl-worker.*\.mjs$/;

/** Builds the page and weighs it. */
export async function weigh(root: string): Promise<Weight> {
  const outDir = mkdtempSync(join(tmpdir(), "ridecast-weight-"));
  await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true } });
  const zipped = (file: string) => gzipSync(readFileSync(join(outDir, file)), { level: 9 }).length;
  const faces = readdirSync(outDir).filter((file) => file.endsWith(".html"));
  const weight: Weight = {};
  for (const face of faces) {
    const html = readFileSync(join(outDir, face), "utf8");
    const named = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file]) => file);
    weight[face] = [face, ...named].reduce((sum, file) => sum + zipped(file ?? ""), 0) / 1000;
  }
  const worker = readdirSync(join(outDir, "assets")).find((file) => WORKER.test(file));
  weight["MapLibre's worker"] = worker ? zipped(join("assets", worker)) / 1000 : 0;
  return weight;
}
