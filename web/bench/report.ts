import type { Looked, Report } from "./page.ts";

/** What we aim at, and how a number is read. */
const ROWS: readonly (readonly [
  what: string,
  target: string,
  read: (looked: Looked) => number | null,
])[] = [
  ["frames/s", "", ({ framesPerSecond }) => framesPerSecond],
  ["script of a frame, ms", "", ({ msPerFrame }) => msPerFrame],
  ["of it our layer, ms", "< 0.5", ({ layerMsPerFrame }) => layerMsPerFrame],
  ["messages/s", "", ({ messagesPerSecond }) => messagesPerSecond],
  ["updates/s", "", ({ updatesPerSecond }) => updatesPerSecond],
  ["script of a message, ms", "< 3", ({ msPerMessage }) => msPerMessage],
  ["all script, ms/s", "", ({ scriptMsPerSecond }) => scriptMsPerSecond],
  ["bytes/update", "16 to 20", ({ bytesPerUpdate }) => bytesPerUpdate],
  [
    "first vehicles, ms: median",
    "< 1000",
    ({ firstMs }) => ordered(firstMs)[firstMs.length >> 1] ?? null,
  ],
  ["of all openings the fastest, ms", "", ({ firstMs }) => Math.min(...firstMs)],
  ["and the slowest, ms", "", ({ firstMs }) => Math.max(...firstMs)],
  ["heap, MB", "", ({ heapMb }) => heapMb],
  // One reading says little: it swings by 2 MB from minute to minute.
  ["the least of its first minutes, MB", "", ({ laterHeapMb }) => least(halves(laterHeapMb)[0])],
  ["and of its last ones, MB", "no growth", ({ laterHeapMb }) => least(halves(laterHeapMb)[1])],
];

/** The numbers as a table for people, in Markdown. */
export function print({ vehicles, minutes, page, plain, weight }: Report): void {
  console.log(`\n${vehicles} vehicles at 1 Hz; the heap after each of ${minutes} min\n`);
  console.log("| | target | the page | GeoJSON, `setData` |\n|---|---|---|---|");
  for (const [what, target, read] of ROWS) {
    console.log(`| ${what} | ${target} | ${written(read(page))} | ${written(read(plain))} |`);
  }
  console.log("\n| | kB, gzip |\n|---|---|");
  for (const [file, kb] of Object.entries(weight)) console.log(`| ${file} | ${written(kb)} |`);
}

function halves(readings: number[]): [number[], number[]] {
  const half = readings.length >> 1;
  return [readings.slice(0, half), readings.slice(half)];
}

function least(readings: number[]): number | null {
  return readings.length === 0 ? null : Math.min(...readings);
}

function ordered(numbers: number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function written(value: number | null): string {
  if (value === null) return "";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
