// Measures the operator's page in Chromium, and beside it the plain way to draw
// vehicles, in one run: npm run bench -- --help
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { launch, until } from "../tests/e2e/browser.ts";
import { SECRET, serve } from "../tests/e2e/service.ts";
import { bytesPerUpdate, heapMb, instrument, type Measured, measure, rest } from "./measure.ts";
import { print } from "./report.ts";
import { type Weight, weigh } from "./weight.ts";

const HELP = `RIDECAST_BIN=PROGRAM RIDECAST_SIMULATOR=PROGRAM npm run bench -- [OPTIONS]

  --vehicles N   at 1 Hz each [default: 10000]
  --minutes M    how long the memory is looked at [default: 10]
  --json FILE    writes the numbers there too`;

const root = fileURLToPath(new URL("..", import.meta.url));
const network = fileURLToPath(new URL("../../data/montevideo-2017-12.osm.pbf", import.meta.url));
/** Until a page has settled, and for how long it is looked at, s. */
const SETTLE_S = 10;
const LOOK_S = 30;
/** One opening says little of how fast a page opens where it shares its cores with the service. */
const OPENINGS = 7;
/** Of simulated drivers, who all come from this machine. */
const FLAGS = ["--max-sessions-per-address", "0", "--max-handshakes-per-address", "0"];

/** A page as it was seen. */
export interface Looked extends Measured {
  /** From the start of its script to the first frame with vehicles, ms: of each opening. */
  firstMs: number[];
  heapMb: number;
  /** Only of the operator's page: after each minute more; bytes for each update. */
  laterHeapMb: number[];
  bytesPerUpdate: number | null;
}

/** All that a run tells. */
export interface Report {
  vehicles: number;
  minutes: number;
  page: Looked;
  plain: Looked;
  weight: Weight;
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      vehicles: { type: "string", default: "10000" },
      minutes: { type: "string", default: "10" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const report = await run(Number(values.vehicles), Number(values.minutes));
  print(report);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function run(vehicles: number, minutes: number): Promise<Report> {
  const built = await buildPlain();
  const service = await serve({ network, flags: FLAGS });
  await service.start();
  const drivers = drive(service.url, vehicles, minutes);
  // It is not asked for by the network, so it may ask nothing of this machine otherwise.
  const browser = await launch(["--disable-features=LocalNetworkAccessChecks"]);
  try {
    await until("all vehicles drive", () => allDrive(service.url, vehicles), 300_000);
    const token = service.token("ada", "operator");
    const at = (path: string) => `${service.url}${path}#token=${token}`;
    const page = await look(browser, built, at("?show=dots"), minutes);
    const plain = await look(browser, built, at("geojson.html"), 0);
    return { vehicles, minutes, page, plain, weight: await weigh(root) };
  } finally {
    await browser.close();
    drivers.kill("SIGKILL");
    await service.stop();
  }
}

/** @param minutes how long to look at its memory; 0: not at all */
async function look(
  browser: Browser,
  built: string,
  url: string,
  minutes: number,
): Promise<Looked> {
  const firstMs: number[] = [];
  for (let opening = 1; opening < OPENINGS; opening++) {
    const opened = await visit(browser, built, url);
    firstMs.push(opened.firstMs);
    await opened.context.close();
  }
  const { context, page, cdp, firstMs: last } = await visit(browser, built, url);
  firstMs.push(last);
  await rest(SETTLE_S);
  const measured = await measure(page, cdp, LOOK_S);
  const looked = { ...measured, firstMs, heapMb: await heapMb(cdp) };
  if (minutes === 0) {
    await context.close();
    return { ...looked, laterHeapMb: [], bytesPerUpdate: null };
  }
  const bytes = await bytesPerUpdate(page, cdp, SETTLE_S);
  const laterHeapMb: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await rest(60);
    laterHeapMb.push(await heapMb(cdp));
  }
  await context.close();
  return { ...looked, laterHeapMb, bytesPerUpdate: bytes };
}

/** Opens the page until it has drawn vehicles, in a browser that knows nothing of it. */
async function visit(browser: Browser, built: string, url: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(instrument);
  // The service takes sockets of pages of its own origin only: so it seems to be one.
  await context.route(/\/bench\/assets\//, (route) =>
    route.fulfill({
      path: join(built, new URL(route.request().url()).pathname.slice("/bench".length)),
    }),
  );
  await context.route(/\/geojson\.html/, (route) =>
    route.fulfill({ path: join(built, "bench/geojson.html") }),
  );
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  page.on("console", (message) => {
    if (message.type() === "error") console.error(message.text());
  });
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable");
  await page.goto(url);
  const firstMs = await until("vehicles are drawn", () =>
    page.evaluate(() => window.counts.firstMs),
  );
  return { context, page, cdp, firstMs };
}

function drive(url: string, vehicles: number, minutes: number) {
  const program = process.env.RIDECAST_SIMULATOR;
  if (!program) throw new Error("RIDECAST_SIMULATOR must name the simulator");
  const address = new URL(url);
  return spawn(
    program,
    [
      ...["load", "--url", `ws://${address.host}`, "--auth-secret", SECRET],
      ...["--network", network, "--drivers", String(vehicles), "--riders", "0"],
      ...["--ramp", "30s", "--hold", `${minutes + 10}m`],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
}

async function allDrive(url: string, vehicles: number): Promise<boolean> {
  const metrics = await (await fetch(`${url}metrics`)).text();
  return Number(/^ridecast_vehicles\{state="online"\} (\d+)/m.exec(metrics)?.[1]) >= vehicles;
}

async function buildPlain(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "ridecast-bench-"));
  const rolldownOptions = { input: join(root, "bench/geojson.html") };
  const options = { outDir, emptyOutDir: true, rolldownOptions };
  await build({ root, base: "/bench/", logLevel: "error", build: options });
  return outDir;
}
