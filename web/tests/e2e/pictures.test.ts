// The demo, as a visitor meets it: each face among simulated drivers and riders.
// RIDECAST_PICTURES=../docs/images keeps what is seen, for the documents, and
// plays in the large city.
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { launch, type Opened, open, ready, SIZES } from "./browser.ts";
import { goOnline } from "./driver.ts";
import { heading, mapThere } from "./rider.ts";
import { demo, type Service } from "./service.ts";

const KEPT = process.env.RIDECAST_PICTURES;
const PICTURES = KEPT ?? mkdtempSync(join(tmpdir(), "ridecast-pictures-"));
const MONTEVIDEO = new URL("../../../data/montevideo-2017-12.osm.pbf", import.meta.url);
const CITY = KEPT ? { network: fileURLToPath(MONTEVIDEO) } : {};
/** Who is simulated does not hurry. */
const PATIENCE = { timeout: 90_000 };
/** Two places on a phone's map, beside what lies over it. */
const PICKUP = { x: 150, y: 130 };
const DROPOFF = { x: 290, y: 240 };

let service: Service;
let browser: Browser;
let opened: Opened[] = [];

beforeAll(async () => {
  browser = await launch();
});

afterEach(async () => {
  for (const { page, errors } of opened) {
    expect(errors).toEqual([]);
    await page.context().close();
  }
  opened = [];
  await service.stop();
});

afterAll(async () => {
  await browser?.close();
});

async function play(...flags: string[]): Promise<void> {
  service = await demo({ ...CITY, flags });
  await service.start();
}

async function face(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const one = await open(browser, new URL(path, service.url).href, {
    viewport: SIZES.phone,
    deviceScaleFactor: 2,
    reducedMotion: "reduce",
    ...options,
  });
  opened.push(one);
  return one.page;
}

async function picture(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(KEPT ? 1_000 : 0);
  const path = join(PICTURES, `${name}.png`);
  await page.screenshot({ path });
  expect(statSync(path).size).toBeGreaterThan(20_000);
}

it("an operator sees the city and one of its rides, a visitor takes another, somebody looks on", async () => {
  await play("--drivers", KEPT ? "300" : "40", "--riders", "40", "--rides-per-minute", "60");
  const rider = await face("ride");
  await mapThere(rider);
  await heading(rider, "Where to?");
  await rider.mouse.click(PICKUP.x, PICKUP.y);
  await rider.getByTestId("asked").filter({ hasText: "To where?" }).waitFor();
  await rider.mouse.click(DROPOFF.x, DROPOFF.y);
  await rider.getByTestId("estimate").waitFor();
  await picture(rider, "ride-choice");
  await rider.getByRole("button", { name: "Request ride" }).click();
  await rider.getByTestId("driver").waitFor(PATIENCE);
  await picture(rider, "ride");
  await rider.getByRole("button", { name: "Share the trip" }).click();
  const link = await rider.getByLabel("Link").inputValue();
  const guest = await face(link, { colorScheme: "dark" });
  await mapThere(guest);
  await guest.getByTestId("driver").waitFor();
  await picture(guest, "share");

  const operator = await face("", { viewport: SIZES.desktop, deviceScaleFactor: 1 });
  await ready(operator);
  await operator.getByRole("tab", { name: /Rides/ }).click();
  await operator.getByRole("tabpanel").getByRole("button").first().click();
  await operator.getByTestId("card").waitFor();
  await picture(operator, "operator");
});

it("a visitor drives, and is offered a simulated rider's ride", async () => {
  // So few that there is something to do for one more.
  await play("--drivers", "6", "--riders", "60", "--rides-per-minute", "90");
  const page = await face("drive", { colorScheme: "dark" });
  const form = page.getByTestId("vehicle-form");
  await form.getByLabel("Number plate").fill("SBX 1234");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Simulated").check();
  await mapThere(page);
  await goOnline(page);
  await page.getByTestId("offer").waitFor(PATIENCE);
  await picture(page, "drive");
});
