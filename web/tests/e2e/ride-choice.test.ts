// How a rider says from where to where: by street, by keyboard, by the device,
// by dragging; and in the languages of the page.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findings, LOOKS, launch, SIZES, until } from "./browser.ts";
import { DROPOFF, heading, PICKUP, pointOf, ridersPage, touch } from "./rider.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;

beforeAll(async () => {
  service = await serve({ flags: ["--page-classes", "car,van"] });
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

let riders = 0;

async function choosing(options: BrowserContextOptions = {}): Promise<Page> {
  const { page } = await ridersPage(browser, service, `rosa-${riders++}`, options);
  await page.locator(".place.pickup input").waitFor();
  return page;
}

const field = (page: Page, end: "pickup" | "dropoff") => page.locator(`.place.${end} input`);
const holds = (page: Page, end: "pickup" | "dropoff", text: RegExp) =>
  until(`${end} ${text}`, async () => text.test(await field(page, end).inputValue()));

it("streets are found by name, without accents, and by their crossings", async () => {
  const page = await choosing();
  await field(page, "pickup").click();
  await page.keyboard.type("rue tenao");
  await page.getByRole("option", { name: "Rue du Ténao" }).waitFor();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await holds(page, "pickup", /^Rue du Ténao$/);
  await page.getByTestId("asked").filter({ hasText: "To where?" }).waitFor();
  await field(page, "dropoff").click();
  await page.keyboard.type("suisse & dunant");
  await page.getByRole("option", { name: "Boulevard de Suisse & Avenue Henri Dunant" }).click();
  await holds(page, "dropoff", /Henri Dunant/);
  await page.getByTestId("estimate").waitFor();
  await page.getByText("Nobody is free near the pickup").waitFor();
  await page.getByRole("button", { name: "Swap pickup and dropoff" }).click();
  await holds(page, "pickup", /Henri Dunant/);
  await holds(page, "dropoff", /^Rue du Ténao$/);
  await field(page, "pickup").fill("xyzzy");
  await page.locator(".place .hint", { hasText: "No street of this name." }).waitFor();
  await page.keyboard.press("Escape");
  await holds(page, "pickup", /Henri Dunant/);
  await page.context().close();
});

it("a touched place gets the name of its street, and a pin may be dragged", async () => {
  const page = await choosing({ viewport: SIZES.desktop });
  await touch(page, PICKUP);
  await holds(page, "pickup", /^Avenue de/);
  await touch(page, DROPOFF);
  const line = () => page.evaluate(() => window.ridecastTrip?.line.length ?? 0);
  await until("the trip's line", async () => (await line()) > 1);
  const from = await pointOf(page, DROPOFF);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x - 60, from.y + 40, { steps: 4 });
  await page.mouse.up();
  const moved = await page.evaluate(() => window.ridecastTrip?.dropoff);
  expect(moved?.[0]).toBeLessThan(DROPOFF[0] - 0.0001);
  await until("the line to the new place", async () => (await line()) > 1);
  await page.context().close();
});

it("the keyboard alone is enough", async () => {
  const page = await choosing();
  await page.locator("canvas.maplibregl-canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("button", { name: "Set the pickup here" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("canvas.maplibregl-canvas").focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => window.ridecastTrip?.moving === false);
  await page.getByRole("button", { name: "Set the dropoff here" }).focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("estimate").waitFor();
  await page.getByRole("button", { name: "Request ride" }).focus();
  await page.keyboard.press("Enter");
  await heading(page, "Looking for a driver");
  await until("the focus at the heading", () =>
    page.evaluate(() => document.activeElement?.tagName === "H2"),
  );
  await page.getByRole("button", { name: "Cancel", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel the ride" }).focus();
  await page.keyboard.press("Enter");
  await heading(page, "The ride is cancelled");
  await page.context().close();
});

it.each([
  [
    "granted",
    { permissions: ["geolocation"], geolocation: { latitude: PICKUP[1], longitude: PICKUP[0] } },
    undefined,
  ],
  ["denied", {}, "The browser does not say where you are."],
  [
    "outside",
    { permissions: ["geolocation"], geolocation: { latitude: 48.85, longitude: 2.35 } },
    "You are outside the city",
  ],
] as const)("where the rider is: %s", async (_, options, words) => {
  const page = await choosing(options as BrowserContextOptions);
  await page.getByRole("button", { name: "Where I am" }).click();
  if (words) {
    await page.getByRole("alert").filter({ hasText: words }).waitFor();
    // The rest goes on.
    await touch(page, PICKUP);
    await page.getByText(words).waitFor({ state: "detached" });
  }
  await holds(page, "pickup", /^Avenue de/);
  await page.context().close();
});

it("classes of vehicles are offered, and what is chosen outlives a reload", async () => {
  const page = await choosing();
  await touch(page, PICKUP);
  await holds(page, "pickup", /^Avenue/);
  await page.getByRole("radio", { name: "van" }).check({ force: true });
  await page.reload();
  await holds(page, "pickup", /^Avenue/);
  expect(await page.getByRole("radio", { name: "van" }).isChecked()).toBe(true);
  await page.context().close();
});

it.each(LOOKS)("nothing hinders people: $size, $scheme", async ({ size, scheme }) => {
  const page = await choosing({
    viewport: SIZES[size],
    colorScheme: scheme,
    hasTouch: size === "phone",
  });
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});

it("Arabic is written from right to left, and nothing sticks out", async () => {
  const page = await choosing({ locale: "ar" });
  await heading(page, "إلى أين؟");
  expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(wide).toBe(false);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});
