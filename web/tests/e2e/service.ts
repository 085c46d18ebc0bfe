import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { Role } from "../../sdk/index.ts";
import { startMock } from "../mock/service.mjs";

/** A service whose page the tests open; it starts again at the same address. */
export interface Service {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const NETWORK = fileURLToPath(new URL("../../../data/monaco-2016-03.osm.pbf", import.meta.url));
/** Of the services that `serve` starts. */
export const SECRET = "only the tests know this one, and anybody may";
/** Loading the network takes a while on a busy machine. */
const START_TIMEOUT_MS = 90_000;

/**
 * The demo of the program that `RIDECAST_BIN` names. `RIDECAST_MOCK=1` puts
 * the mock in its place, to work on the tests without a program.
 */
export async function demo({
  network = NETWORK,
  flags = ["--drivers", "30", "--riders", "2"],
} = {}): Promise<Service> {
  if (process.env.RIDECAST_MOCK) return mock({ vehicles: 30 });
  return running("demo", ["--network", network, ...flags]);
}

/**
 * The service itself in an empty city, where everybody is played by the test.
 *
 * @param keeps whether it knows after a new start what was before
 * @param flags more of the program's
 */
export async function serve({
  keeps = false,
  network = NETWORK,
  flags = [] as string[],
} = {}): Promise<Service & { token(sub: string, role: Role): string }> {
  const secret = ["--auth-secret", SECRET];
  const kept = () => `embedded:${join(mkdtempSync(join(tmpdir(), "ridecast-store-")), "data")}`;
  const store = ["--store", keeps ? kept() : "memory", "--network", network];
  const service = await running("serve", [...secret, ...store, ...flags]);
  return {
    ...service,
    token: (sub, role) =>
      execFileSync(program(), ["token", ...secret, "--sub", sub, "--role", role], {
        encoding: "utf8",
      }).trim(),
  };
}

function program(): string {
  const program = process.env.RIDECAST_BIN;
  if (!program) throw new Error("RIDECAST_BIN must name the program to test");
  return program;
}

async function running(command: string, flags: string[]): Promise<Service> {
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}/`;
  let child: ChildProcess | undefined;
  return {
    url,
    async start() {
      const all = [command, "--bind", address, ...flags];
      child = spawn(program(), all, { stdio: ["ignore", "inherit", "inherit"] });
      await answered(url, child);
    },
    async stop() {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGKILL");
      await ended;
    },
  };
}

/** A service that says what a test wants to hear, under the strictest policy the page works with. */
export async function mock(options: Parameters<typeof startMock>[0]): Promise<Service> {
  const page = mkdtempSync(join(tmpdir(), "ridecast-page-"));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  await build({ root, logLevel: "error", build: { outDir: page, emptyOutDir: true } });
  const port = await freePort();
  let running: Awaited<ReturnType<typeof startMock>> | undefined;
  return {
    url: `http://127.0.0.1:${port}/`,
    async start() {
      running = await startMock({ ...options, page, port });
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
}

async function answered(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the program does not answer");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
