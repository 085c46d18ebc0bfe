// What the demo does not do on its own: a service without a ready token, fixes
// far apart. And the policy: the mock sends the strictest one.
import type { Browser } from "playwright-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import { canvasBox, connectionText, launch, open, pixelsLike, ready, until } from "./browser.ts";
import { mock, type Service } from "./service.ts";

let browser: Browser;
let service: Service;

beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

afterEach(() => service?.stop());

async function serve(options: Parameters<typeof mock>[0]): Promise<string> {
  service = await mock(options);
  await service.start();
  return service.url;
}

it("asks for a token, says when it is refused, and goes on with a good one", async () => {
  const url = await serve({ token: "good" });
  const { page } = await open(browser, url);
  const field = page.getByLabel("Access token");
  await field.fill("bad");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("did not take the last one").waitFor();
  expect(await connectionText(page)).toBe("Not connected: no valid token");
  await field.fill("good");
  await page.getByRole("button", { name: "Connect" }).click();
  await ready(page);
  expect(await connectionText(page)).toBe("Live");
  // A reload keeps it.
  await page.reload();
  await ready(page);
  await page.context().close();
});

it("takes a token from the address's fragment, and takes it out of there", async () => {
  const url = await serve({ token: "good" });
  const { page } = await open(browser, `${url}#token=good`);
  await ready(page);
  expect(page.url()).toBe(url);
  await page.context().close();
});

it("fades what was not heard of for long, tells its age, and runs under a strict policy", async () => {
  const url = await serve({ intervalMs: 500, vehicles: 20 });
  const { page, errors } = await open(browser, url);
  await ready(page);
  await page.waitForFunction(() => (window.ridecast?.counts.fixes ?? 0) > 80);
  await service.stop();
  await until("every vehicle faded", () =>
    page.evaluate(() =>
      // The silent ones are drawn faded as it is; nothing is known of their pace.
      window.ridecast?.drawn().every(({ faded, state }) => faded === 1 || state === "silent"),
    ),
  );
  await until("the age in words", async () =>
    /Data \d+ s old/.test((await connectionText(page)) ?? ""),
  );
  await page
    .getByText(/^\d+ s old$/)
    .first()
    .waitFor();
  // A refusal by the policy would be an error of its own kind.
  expect(errors.filter((error) => /policy|directive/i.test(error))).toEqual([]);
  await page.context().close();
});

it("shows a crowd from far as cells with their numbers, and as vehicles near by", async () => {
  const url = await serve({ vehicles: 2_500, intervalMs: 5_000 });
  const { page, errors } = await open(browser, `${url}?at=43.735,7.42,12`);
  const seen = () =>
    page.evaluate(() => {
      const { shown, cells, counts } = window.ridecast ?? {};
      return { shown, vehicles: cells?.vehicles, held: counts?.held };
    });
  await until("cells", async () => (await seen()).shown === "cells");
  expect(await seen()).toEqual({ shown: "cells", vehicles: 2_500, held: 0 });
  await until("the counter", async () =>
    /^2,500/.test((await page.getByTestId("count").textContent()) ?? ""),
  );
  // The silent ones are a twentieth of all.
  await page.getByRole("button", { name: /^Silent/ }).click();
  await until("the counter without them", async () =>
    /^2,375/.test((await page.getByTestId("count").textContent()) ?? ""),
  );
  await page.locator("canvas.maplibregl-canvas").focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await until("vehicles", async () => {
    const { shown, held } = await seen();
    return shown === "dots" && (held ?? 0) > 0;
  });
  expect(errors).toEqual([]);
  await page.context().close();
});

/** Of `/style.json`, and of the page's own base map in light surroundings. */
const OWN_LAND: [number, number, number] = [0xff, 0xd5, 0xe5];
const LAND: [number, number, number] = [0xe9, 0xeb, 0xe6];

/** The colour of the land, far from the vehicles; and with the vehicles on it. */
async function seesLand(url: string, land: [number, number, number]) {
  const opened = await open(browser, url);
  await ready(opened.page);
  await until("the land in its colour", async () => {
    const box = await canvasBox(opened.page);
    return (await pixelsLike(opened.page, { x: box.x + 30, y: box.y + 30 }, 10, [land])) === 400;
  });
  return opened;
}

it("shows an operator's own style, with the ages in a font that it has", async () => {
  const url = await serve({ style: "style.json", vehicles: 40 });
  const { page, errors, requests } = await seesLand(url, OWN_LAND);
  // The silent ones tell their age, in digits; the style's own label is Cyrillic.
  const digits = await until("the glyphs of the digits", async () =>
    requests.find((request) => request.endsWith("/0-255.pbf")),
  );
  expect(digits).toContain("/fonts/Own%20Font/");
  expect(await page.getByTestId("notice").isVisible()).toBe(false);
  expect(errors).toEqual([]);
  await page.context().close();
});

it("a style of another origin needs that in the policy; without, there are vehicles all the same", async () => {
  const other = await mock({ vehicles: 0 });
  await other.start();
  try {
    const style = `${other.url}style.json`;
    const refused = await seesLand(await serve({ style }), LAND);
    expect(await refused.page.getByTestId("notice").textContent()).toMatch(/could not be loaded/);
    expect(refused.errors.join()).toMatch(/connect-src/);
    await refused.page.context().close();
    await service.stop();
    const origins = [new URL(other.url).origin];
    const allowed = await seesLand(await serve({ style, origins }), OWN_LAND);
    expect(allowed.errors).toEqual([]);
    await allowed.page.context().close();
  } finally {
    await other.stop();
  }
});

it("an idle map is not drawn again and again", async () => {
  const url = await serve({ vehicles: 0 });
  const { page } = await open(browser, url);
  const frames = () => page.evaluate(() => window.ridecast?.frames.count ?? 0);
  await until("the connection", async () => (await connectionText(page)) === "Live");
  await until("two seconds with at most two frames", async () => {
    const before = await frames();
    await page.waitForTimeout(2_000);
    return (await frames()) - before <= 2;
  });
  await page.context().close();
});
