// What an operator sees of one ride and does with it. The rider and the driver
// are two sockets of the test.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Event, Ride } from "../../sdk/index.ts";
import { findings, LOOKS, launch, open, ready, SIZES, until } from "./browser.ts";
import { Person } from "./person.ts";
import { serve } from "./service.ts";

const PICKUP = { latitude: 43.7384, longitude: 7.4246, address: "Avenue d'Ostende 3" };
const DROPOFF = { latitude: 43.7445, longitude: 7.431 };
const HERE = { latitude: 43.7385, longitude: 7.4246, bearing: 0, speed: 0 };

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Person;
let rider: Person;
let here: ReturnType<typeof setInterval>;
let rides = 0;

beforeAll(async () => {
  service = await serve();
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

beforeEach(async () => {
  driver = await Person.come(service.url, service.token("ana", "driver"));
  rider = await Person.come(service.url, service.token("rosa", "rider"));
  await driver.ask({ type: "go_online", vehicle: { class: "car", plate: "SBA 1234" } });
  const report = () => driver.ask({ type: "position", ...HERE, timestamp_ms: Date.now() });
  await report();
  here = setInterval(() => void report(), 1_000);
});

afterEach(async () => {
  clearInterval(here);
  const last = newest(rider);
  if (last) await rider.ask({ type: "cancel_ride", ride_id: last.ride_id }).catch(() => {});
  driver.leave();
  rider.leave();
});

const newest = (person: Person) =>
  person.events.findLast((event): event is { kind: "ride" } & Ride => event.kind === "ride");

/** Asked for and taken. */
async function takenRide(): Promise<string> {
  const seen = driver.events.length;
  const asked = await rider.ask({
    type: "request_ride",
    pickup: PICKUP,
    dropoff: DROPOFF,
    idempotency_key: `wish-${rides++}`,
  });
  const open = (event: Event) => event.kind === "offer" && event.state === "open";
  const offer = await until("an offer", async () => driver.events.slice(seen).find(open));
  if (!asked || offer.kind !== "offer") throw new Error("no ride");
  await driver.ask({ type: "accept_offer", offer_id: offer.offer_id });
  return asked.ride_id;
}

async function operatorsPage(search = "", options: Parameters<typeof open>[2] = {}) {
  const token = service.token("olga", "operator");
  const opened = await open(browser, `${service.url}${search}#token=${token}`, options);
  await ready(opened.page);
  return opened;
}

const state = (page: Page, text: RegExp) =>
  page.getByTestId("ride-state").filter({ hasText: text }).waitFor();

async function openFromList(page: Page): Promise<void> {
  await page.getByRole("tab", { name: /^Rides/ }).click();
  await page.locator(".list button", { hasText: "rosa" }).click();
  await page.getByTestId("card").waitFor();
}

it("a ride's card follows it, step by step, to its end", async () => {
  const { page, errors } = await operatorsPage();
  const ride_id = await takenRide();
  await openFromList(page);
  await state(page, /^to the pickup, there about /);
  const card = page.getByTestId("card");
  const text = await card.textContent();
  for (const part of ["rosa", "ana · SBA 1234", "Avenue d'Ostende 3", ride_id]) {
    expect(text).toContain(part);
  }
  const now = () => card.locator('[aria-current="step"]').textContent();
  expect(await now()).toMatch(/^Accepted\d{1,2}:\d\d:\d\d.* · after \d+ s$/);
  await driver.ask({ type: "arrive", ride_id });
  await state(page, /^at the pickup$/);
  expect(await now()).toMatch(/^At the pickup/);
  await driver.ask({ type: "start_ride", ride_id });
  await state(page, /^on board/);
  await driver.ask({ type: "complete_ride", ride_id });
  await state(page, /^completed$/);
  expect(await card.locator(".timeline li").count()).toBe(6);
  // Nothing can be done with it any more; a reload finds it by the address.
  expect(await card.getByRole("button", { name: "Cancel" }).count()).toBe(0);
  await until("the address", async () => page.url().includes(`ride=${ride_id}`));
  await page.reload();
  await state(page, /^completed$/);
  expect(errors).toEqual([]);
  await page.context().close();
});

it("a ride is cancelled with a reason, once that was asked back", async () => {
  const ride_id = await takenRide();
  const { page } = await operatorsPage(`?ride=${ride_id}`);
  const card = page.getByTestId("card");
  await card.getByRole("button", { name: "Cancel" }).click();
  await card.getByRole("button", { name: "Keep it" }).click();
  expect(newest(rider)?.state).toBe("accepted");
  await card.getByRole("button", { name: "Cancel" }).click();
  await card.getByLabel(/^Reason/).fill("the road is closed");
  await card.getByRole("button", { name: "Cancel the ride" }).click();
  await state(page, /^cancelled$/);
  const told = await until("the rider's event", async () => {
    const ride = newest(rider);
    return ride?.state === "cancelled" && ride;
  });
  expect(told.cancelled).toMatchObject({ by: "system", reason: "the road is closed" });
  await card.getByText("Cancelled by the service").waitFor();
  await page.context().close();
});

it("a ride is taken from its driver, and who has its link sees it", async () => {
  const ride_id = await takenRide();
  const { page } = await operatorsPage(`?ride=${ride_id}`);
  const card = page.getByTestId("card");
  await card.getByRole("button", { name: "Share" }).click();
  const link = await card.getByLabel(/^Whoever has this link/).inputValue();
  const key = link.match(/\/s\/([^/]+)$/)?.[1];
  const shared = await fetch(`${service.url}v1/share/${key}`);
  expect((await shared.json()).ride.ride_id).toBe(ride_id);
  await card.getByRole("button", { name: "Reassign" }).click();
  await card.getByRole("button", { name: "Give to another driver" }).click();
  await state(page, /looking for a driver|offered|to the pickup/);
  await until("the driver without it", async () => {
    const ride = newest(driver);
    return ride?.state === "requested" && !ride.driver;
  });
  await page.context().close();
});

it("a refusal is said in words", async () => {
  const ride_id = await takenRide();
  const { page } = await operatorsPage(`?ride=${ride_id}`);
  const card = page.getByTestId("card");
  await card.getByRole("button", { name: "Reassign" }).click();
  await driver.ask({ type: "arrive", ride_id });
  await driver.ask({ type: "start_ride", ride_id });
  await card.getByRole("button", { name: "Give to another driver" }).click();
  await card.getByText(/^That did not work: the ride is no longer in a state/).waitFor();
  await page.context().close();
});

it.each(LOOKS)("nothing hinders people: a ride's card, $size, $scheme", async (look) => {
  const ride_id = await takenRide();
  const { page } = await operatorsPage(`?ride=${ride_id}`, {
    viewport: SIZES[look.size],
    colorScheme: look.scheme,
    hasTouch: look.size === "phone",
  });
  await state(page, /^to the pickup/);
  const card = page.getByTestId("card");
  expect(await findings(page)).toEqual([]);
  await card.getByRole("button", { name: "Cancel" }).click();
  await card.getByRole("button", { name: "Keep it" }).waitFor();
  expect(await findings(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  await page.context().close();
});
