// What a browser asks of a page that is to be put on a phone's home screen, and
// that no face asks anybody else for anything.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, until } from "./browser.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;

beforeAll(async () => {
  service = await serve();
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

it.each([
  ["", "operator", "/"],
  ["ride", "rider", "/ride"],
  ["drive", "driver", "/drive"],
] as const)("/%s may be installed, and begins there", async (path, role, start) => {
  const token = service.token(`${role}-1`, role);
  const { page } = await open(browser, `${service.url}${path}#token=${token}`);
  const cdp = await page.context().newCDPSession(page);
  const { errors, data } = await cdp.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { start_url, icons } = JSON.parse(data ?? "{}");
  expect(new URL(start_url, service.url).pathname).toBe(start);
  for (const { src, sizes, type } of icons) {
    const response = await page.request.get(new URL(src, service.url).href);
    expect(response.headers()["content-type"], src).toBe(type);
    if (type !== "image/png") continue;
    const bytes = await response.body();
    expect(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, src).toBe(sizes);
  }
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  // Playwright's contexts are private windows, where nothing may be installed.
  const others = installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito");
  expect(others).toEqual([]);
  await page.context().close();
});

it.each([
  ["", "operator"],
  ["ride", "rider"],
  ["drive", "driver"],
  ["s/0123456789abcdef", "rider"],
] as const)("/%s asks nobody but the service", async (path, role) => {
  const token = service.token(`${role}-2`, role);
  const { page, requests } = await open(browser, `${service.url}${path}#token=${token}`);
  const mapAsked = () => requests.some((url) => url.endsWith("/map/roads.geojson"));
  await until("the base map, the last of all", async () => mapAsked());
  const host = new URL(service.url).host;
  const others = requests.filter((url) => !/^(blob|data):/.test(url) && new URL(url).host !== host);
  expect(others).toEqual([]);
  await page.context().close();
});
