// What is counted inside a page while it is measured, and how it is read.
import type { CDPSession, Page } from "playwright-core";

/** What the plain page tells of itself. */
export interface Plain {
  updates: number;
  held: number;
}

/** Counted by `instrument` since the page was opened; times in ms. */
interface Counts {
  frames: number;
  frameMs: number;
  messages: number;
  messageMs: number;
  /** From the first script's start to the first frame with vehicles; null: not yet. */
  firstMs: number | null;
}

declare global {
  interface Window {
    readonly plain?: Plain;
    readonly counts: Counts;
  }
}

/** Runs in the page before its scripts: times what every frame and every message of a socket costs. */
export function instrument(): void {
  const counts: Counts = { frames: 0, frameMs: 0, messages: 0, messageMs: 0, firstMs: null };
  Object.assign(window, { counts });

  let frame = Number.NaN;
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    request((time) => {
      const begun = performance.now();
      callback(time);
      counts.frameMs += performance.now() - begun;
      if (time !== frame) counts.frames += 1;
      frame = time;
    });

  const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage") ?? {};
  Object.defineProperty(WebSocket.prototype, "onmessage", {
    set(handler: ((event: MessageEvent) => void) | null) {
      const timed = (event: MessageEvent) => {
        const begun = performance.now();
        handler?.(event);
        counts.messageMs += performance.now() - begun;
        counts.messages += 1;
      };
      set?.call(this, handler && timed);
    },
  });

  const look = () => {
    const drawn = window.ridecast && window.ridecast.frames.count > 0;
    const held = drawn ? window.ridecast?.counts.inView : window.plain?.held;
    if (!held) return request(look);
    const [script] = performance
      .getEntriesByType("resource")
      .filter(({ name }) => /\/assets\/[^/]+\.js$/.test(name)) as PerformanceResourceTiming[];
    counts.firstMs = performance.now() - (script?.responseEnd ?? 0);
  };
  request(look);
}

/** A page's numbers over a while. */
export interface Measured {
  framesPerSecond: number;
  /** Script time: of all that a frame calls, and of our own layer in it. */
  msPerFrame: number;
  layerMsPerFrame: number | null;
  messagesPerSecond: number;
  updatesPerSecond: number;
  msPerMessage: number;
  /** All script of the page's thread, ms in each second. */
  scriptMsPerSecond: number;
}

/** Looks at the page for a while. */
export async function measure(page: Page, cdp: CDPSession, seconds: number): Promise<Measured> {
  const before = await read(page, cdp);
  await rest(seconds);
  const after = await read(page, cdp);
  const of = (what: keyof typeof before) => (after[what] ?? 0) - (before[what] ?? 0);
  const s = of("atMs") / 1000;
  return {
    framesPerSecond: of("frames") / s,
    msPerFrame: of("frameMs") / of("frames"),
    layerMsPerFrame: after.layerFrames ? of("layerMs") / of("layerFrames") : null,
    messagesPerSecond: of("messages") / s,
    updatesPerSecond: of("updates") / s,
    msPerMessage: of("messageMs") / of("messages"),
    scriptMsPerSecond: (of("scriptS") * 1000) / s,
  };
}

async function read(page: Page, cdp: CDPSession) {
  const { metrics } = await cdp.send("Performance.getMetrics");
  const scriptS = metrics.find(({ name }) => name === "ScriptDuration")?.value ?? 0;
  const counted = await page.evaluate(() => {
    const { ridecast, plain, counts } = window;
    return {
      ...counts,
      atMs: performance.now(),
      updates: ridecast?.counts.fixes ?? plain?.updates ?? 0,
      layerFrames: ridecast?.frames.count ?? 0,
      layerMs: ridecast?.frames.scriptMs ?? 0,
    };
  });
  return { ...counted, scriptS };
}

/** Memory of the page's heap after its garbage was collected, MB. */
export async function heapMb(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  return usedSize / 2 ** 20;
}

export function rest(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** What a socket's frames weigh for a while: bytes of binary payload for each update. */
export async function bytesPerUpdate(
  page: Page,
  cdp: CDPSession,
  seconds: number,
): Promise<number> {
  let bytes = 0;
  const count = ({ response }: { response: { opcode: number; payloadData: string } }) => {
    const { opcode, payloadData } = response;
    bytes +=
      opcode === 2 ? Buffer.byteLength(payloadData, "base64") : Buffer.byteLength(payloadData);
  };
  await cdp.send("Network.enable");
  const updates = () => page.evaluate(() => window.ridecast?.counts.fixes ?? 0);
  cdp.on("Network.webSocketFrameReceived", count);
  const before = await updates();
  await rest(seconds);
  const after = await updates();
  cdp.off("Network.webSocketFrameReceived", count);
  await cdp.send("Network.disable");
  return bytes / (after - before);
}
