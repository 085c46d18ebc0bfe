import axe, { type AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  // WebGL 2 without a graphics card.
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  // Nothing but the page may ask for anything.
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** All that the page is to look well in. */
export const LOOKS = (["desktop", "phone"] as const).flatMap((size) =>
  (["light", "dark"] as const).map((scheme) => ({ size, scheme })),
);

/**
 * `CHROMIUM` names another than Debian's.
 *
 * @param flags more of Chromium's
 */
export function launch(flags: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, ...flags],
  });
}

/** A page with what went wrong on it, and all it asked for. */
export interface Opened {
  page: Page;
  /** Errors on the console and uncaught ones. */
  errors: string[];
  /** Addresses of all requests and sockets. */
  requests: string[];
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  context.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  await page.goto(url);
  return { page, errors, requests };
}

/** Until vehicles are there and the map is still. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(
    () => window.ridecast?.mapLoaded && window.ridecast.counts.inView > 0,
    null,
    { timeout: 30_000 },
  );
}

/** The words of the connection, as they are seen. */
export function connectionText(page: Page): Promise<string | null> {
  return page.getByTestId("connection").textContent();
}

/** Of the map's canvas, CSS pixels of the window. */
export async function canvasBox(page: Page) {
  const box = await page.locator("canvas.maplibregl-canvas").boundingBox();
  if (!box) throw new Error("there is no map");
  return box;
}

/** How many pixels around a place in the window have about one of these colours. */
export async function pixelsLike(
  page: Page,
  at: { x: number; y: number },
  radius: number,
  colors: [number, number, number][],
): Promise<number> {
  const clip = { x: at.x - radius, y: at.y - radius, width: 2 * radius, height: 2 * radius };
  const png = (await page.screenshot({ clip })).toString("base64");
  return page.evaluate(
    async ({ png, colors }) => {
      const image = new Image();
      image.src = `data:image/png;base64,${png}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext("2d");
      if (!context) throw new Error("no canvas");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const like = (color: number[]) =>
          color.every((value, k) => Math.abs((data[i + k] ?? 0) - value) < 24);
        if (colors.some(like)) count += 1;
      }
      return count;
    },
    { png, colors },
  );
}

/** Asks again and again until there is an answer; fails, naming `what`, when none comes in time. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not in time: ${what}`);
}

/** What axe-core finds to hinder people, in words. */
export async function findings(page: Page): Promise<string[]> {
  // Not by a script element: the page's policy refuses those, rightly.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}
