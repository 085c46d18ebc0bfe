// Rides on the operators' page. The rider and the driver are two sockets of
// the test, so that each step of the ride comes when it is looked for.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  canvasBox,
  connectionText,
  findings,
  LOOKS,
  launch,
  open,
  pixelsLike,
  ready,
  SIZES,
  until,
} from "./browser.ts";
import { Person } from "./person.ts";
import { serve } from "./service.ts";

const PICKUP = { latitude: 43.7384, longitude: 7.4246, address: "Avenue d'Ostende 3" };
const DROPOFF = { latitude: 43.7445, longitude: 7.431 };
/** So near the pickup that one may say to have arrived, and not over it on the map. */
const HERE = { latitude: 43.7402, longitude: 7.4246, bearing: 0, speed: 0 };
/** In light surroundings: the ends of a ride, and the dot of a vehicle that has one. */
const ENDS: [number, number, number] = [0x1b, 0x1d, 0x21];
const DOT: [number, number, number] = [0xff, 0xff, 0xff];

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Person;
let rider: Person;
let keys = 0;
/** The newest ride. */
let ride_id: string | undefined;
let here: ReturnType<typeof setInterval>;

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
  await driver.ask({ type: "go_online", vehicle: { class: "car" } });
  const report = () => driver.ask({ type: "position", ...HERE, timestamp_ms: Date.now() });
  await report();
  here = setInterval(() => void report(), 1_000);
});

afterEach(async () => {
  clearInterval(here);
  // Refused when the test brought it to its end.
  if (ride_id) await rider.ask({ type: "cancel_ride", ride_id }).catch(() => {});
  ride_id = undefined;
  driver.leave();
  rider.leave();
});

/** Asked for and taken. */
async function takenRide(): Promise<string> {
  const seen = driver.events.length;
  const asked = await rider.ask({
    type: "request_ride",
    pickup: PICKUP,
    dropoff: DROPOFF,
    idempotency_key: `wish-${keys++}`,
  });
  if (!asked) throw new Error("no ride");
  ride_id = asked.ride_id;
  const offer = await until("an offer", async () =>
    driver.events.slice(seen).find((event) => event.kind === "offer" && event.state === "open"),
  );
  if (offer.kind !== "offer") throw new Error("no offer");
  await driver.ask({ type: "accept_offer", offer_id: offer.offer_id });
  return ride_id;
}

async function operatorsPage(options: Parameters<typeof open>[2] = {}) {
  const token = service.token("olga", "operator");
  const opened = await open(browser, `${service.url}#token=${token}`, options);
  await ready(opened.page);
  return opened;
}

async function selectAna(page: Page): Promise<void> {
  const list = page.getByRole("button", { name: "List" });
  if ((await list.getAttribute("aria-expanded")) === "false") await list.click();
  await page.locator(".list button", { hasText: "ana" }).click();
  await page.getByTestId("card").waitFor();
}

const rideText = (page: Page, text: RegExp) =>
  page.getByTestId("ride").filter({ hasText: text }).waitFor();
const totals = (page: Page, text: RegExp) =>
  page.getByTestId("rides").filter({ hasText: text }).waitFor();

/** Pixels of a colour, so many around a place on the map. */
async function mapPixels(
  page: Page,
  at: { x: number; y: number },
  radius: number,
  color: [number, number, number],
): Promise<number> {
  const box = await canvasBox(page);
  return pixelsLike(page, { x: box.x + at.x, y: box.y + at.y }, radius, [color]);
}

/** How bright the middle of the vehicle is: where the dot of a ride would be. */
const hasDot = async (page: Page) => {
  const [ana] = await page.evaluate(() => window.ridecast?.drawn() ?? []);
  return ana !== undefined && (await mapPixels(page, ana, 2, DOT)) >= 4;
};

it("a ride is counted, stands on its vehicle's card and on the map, and is gone after its end", async () => {
  const { page, errors } = await operatorsPage();
  expect(await page.getByTestId("rides").count()).toBe(0);
  await until("a vehicle without a dot", async () => !(await hasDot(page)));

  const ride_id = await takenRide();
  await until("a vehicle with a dot", () => hasDot(page));
  await totals(page, /0 looking.*1 on the way.*0 on board.*0 done/);
  await selectAna(page);
  await rideText(page, /^to the pickup, there about /);
  const card = await page.getByTestId("card").textContent();
  expect(card).toContain("rosa");
  expect(card).toContain("Avenue d'Ostende 3");
  const ends = await page.evaluate(() => window.ridecast?.rideEnds);
  if (!ends) throw new Error("no ends of the ride");
  await until(
    "the dot of the dropoff",
    async () => (await mapPixels(page, ends.dropoff, 10, ENDS)) > 100,
  );
  await until("the ring of the pickup", async () => {
    const dark = await mapPixels(page, ends.pickup, 10, ENDS);
    return dark > 40 && (await mapPixels(page, ends.pickup, 3, [0xff, 0xff, 0xff])) > 20;
  });

  await driver.ask({ type: "arrive", ride_id });
  await rideText(page, /^at the pickup$/);
  await driver.ask({ type: "start_ride", ride_id });
  await rideText(page, /^on board, at the dropoff about /);
  await totals(page, /0 on the way.*1 on board/);
  await driver.ask({ type: "complete_ride", ride_id });
  await page.getByTestId("ride").waitFor({ state: "detached" });
  await until("no dot any more", async () => (await mapPixels(page, ends.dropoff, 10, ENDS)) < 20);
  await totals(page, /0 on board.*1 done/);
  expect(errors).toEqual([]);
  await page.context().close();
});

it("a page that is opened in the middle of a ride knows it, and one that was away hears the rest", async () => {
  const ride_id = await takenRide();
  const { page } = await operatorsPage();
  await selectAna(page);
  await rideText(page, /^to the pickup/);
  // Not even its requests go through: only events can tell it afterwards.
  await page.context().setOffline(true);
  await until("a lost connection", async () =>
    /^(Re)?connecting/i.test((await connectionText(page)) ?? ""),
  );
  await driver.ask({ type: "arrive", ride_id });
  await driver.ask({ type: "start_ride", ride_id });
  await page.route("**/v1/rides**", (route) => route.abort());
  await page.context().setOffline(false);
  await rideText(page, /^on board/);
  await rider.ask({ type: "cancel_ride", ride_id });
  await page.getByTestId("ride").waitFor({ state: "detached" });
  await page.context().close();
});

it("who is no operator sees vehicles and nothing of rides", async () => {
  const ride_id = await takenRide();
  const other = service.token("otto", "rider");
  const { page, errors, requests } = await open(browser, `${service.url}#token=${other}`);
  await until("the connection", async () => (await connectionText(page)) === "Live");
  await rider.ask({ type: "cancel_ride", ride_id });
  await ready(page);
  expect(await page.getByTestId("rides").count()).toBe(0);
  expect(requests.filter((request) => request.includes("/v1/rides"))).toEqual([]);
  expect(errors).toEqual([]);
  await page.context().close();
});

it.each(LOOKS)(
  "nothing hinders people: a ride's card, $size, $scheme",
  async ({ size, scheme }) => {
    const ride_id = await takenRide();
    const { page } = await operatorsPage({
      viewport: SIZES[size],
      colorScheme: scheme,
      hasTouch: size === "phone",
    });
    await totals(page, /1 on the way/);
    await selectAna(page);
    await rideText(page, /^to the pickup/);
    expect(await findings(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide).toBe(false);
    await rider.ask({ type: "cancel_ride", ride_id });
    await page.context().close();
  },
);
