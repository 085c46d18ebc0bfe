// The rules of axe-core that can be checked by a machine. What they cannot
// check, the keyboard's way through the page, is in live.test.ts.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { findings, LOOKS, launch, open, ready, SIZES } from "./browser.ts";
import { demo, mock, type Service } from "./service.ts";

let browser: Browser;
let service: Service;
let other: Service | undefined;

beforeAll(async () => {
  service = await demo();
  await service.start();
  browser = await launch();
});

afterEach(async () => {
  await other?.stop();
  other = undefined;
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

it.each(LOOKS)(
  "nothing hinders people: map, list and card, $size, $scheme",
  async ({ size, scheme }) => {
    const { page } = await open(browser, service.url, {
      viewport: SIZES[size],
      colorScheme: scheme,
      hasTouch: size === "phone",
    });
    await ready(page);
    expect(await findings(page)).toEqual([]);
    if (size === "phone") await page.getByRole("button", { name: "List" }).click();
    await page.locator(".list button").first().waitFor();
    expect(await findings(page)).toEqual([]);
    await page.locator(".list button").first().click();
    await page.getByTestId("card").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  },
);

it.each(LOOKS)(
  "nothing hinders people: the refused token, $size, $scheme",
  async ({ size, scheme }) => {
    other = await mock({ token: "good" });
    await other.start();
    const { page } = await open(browser, other.url, { viewport: SIZES[size], colorScheme: scheme });
    await page.getByLabel("Access token").fill("bad");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("did not take the last one").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  },
);
