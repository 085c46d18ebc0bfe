// The demo, as a visitor meets it: each face among simulated drivers and riders.
// RIDECAST_PICTURES=../docs/images keeps what is seen, for the documents.
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, ready, SIZES } from "./browser.ts";
import { goOnline } from "./driver.ts";
import { heading, mapThere, touch } from "./rider.ts";
import { demo, type Service } from "./service.ts";

const PICTURES = process.env.RIDECAST_PICTURES ?? mkdtempSync(join(tmpdir(), "ridecast-pictures-"));
const NETWORK = fileURLToPath(new URL("../../../data/montevideo-2017-12.osm.pbf", import.meta.url));
/** Two corners of the city's centre. */
const PICKUP = [-56.1851, -34.9056] as const;
const DROPOFF = [-56.1655, -34.9105] as const;
/** Simulated drivers decline, and riders of the demo take them away: more time than elsewhere. */
const PATIENCE = { timeout: 90_000 };

let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await demo({
    network: NETWORK,
    flags: [
      "--drivers",
      "250",
      "--riders",
      "40",
      "--rides-per-minute",
      "40",
      "--accept",
      "1",
      "--decline",
      "0",
    ],
  });
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function face(path: string, options: BrowserContextOptions) {
  const opened = await open(browser, `${service.url}${path}`, {
    deviceScaleFactor: 2,
    reducedMotion: "reduce",
    ...options,
  });
  return opened;
}

async function picture(page: Page, name: string): Promise<void> {
  const path = join(PICTURES, `${name}.png`);
  await page.screenshot({ path });
  expect(statSync(path).size).toBeGreaterThan(20_000);
}

it("operators see the city, and one of its rides", async () => {
  const { page, errors } = await face("", { colorScheme: "light", deviceScaleFactor: 1 });
  await ready(page);
  await page
    .getByTestId("rides")
    .filter({ hasText: /[1-9]\d* on board/ })
    .waitFor(PATIENCE);
  await page
    .getByRole("button", { name: /on board/ })
    .first()
    .click();
  await page.getByTestId("card").waitFor();
  await picture(page, "operator");
  expect(errors).toEqual([]);
  await page.context().close();
});

it("a visitor takes a ride, and somebody at home looks on", async () => {
  const rider = await face("ride", { viewport: SIZES.phone, colorScheme: "light" });
  await mapThere(rider.page);
  await heading(rider.page, "Where to?");
  await touch(rider.page, [...PICKUP]);
  await touch(rider.page, [...DROPOFF]);
  await rider.page.getByTestId("estimate").waitFor();
  await picture(rider.page, "ride-choice");
  await rider.page.getByRole("button", { name: "Request ride" }).click();
  await rider.page.getByTestId("driver").waitFor(PATIENCE);
  await picture(rider.page, "ride");
  await rider.page.getByRole("button", { name: "Share the trip" }).click();
  const link = await rider.page.getByLabel("Link").inputValue();
  const guest = await open(browser, link, {
    viewport: SIZES.phone,
    colorScheme: "dark",
    deviceScaleFactor: 2,
  });
  await mapThere(guest.page);
  await guest.page.getByTestId("driver").waitFor();
  await picture(guest.page, "share");
  expect([...rider.errors, ...guest.errors]).toEqual([]);
  for (const { page } of [rider, guest]) await page.context().close();
});

it("a visitor drives, and is offered a simulated rider's ride", async () => {
  const { page, errors } = await face("drive", { viewport: SIZES.phone, colorScheme: "dark" });
  const form = page.getByTestId("vehicle-form");
  await form.getByLabel("Number plate").fill("SBX 1234");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Simulated").check();
  await mapThere(page);
  await goOnline(page);
  await page.getByTestId("offer").waitFor(PATIENCE);
  await picture(page, "drive");
  expect(errors).toEqual([]);
  await page.context().close();
});
