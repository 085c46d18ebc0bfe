// What the tests of the rider's page share: the page itself, and the driver at
// the other side.
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import type { ClientMessage } from "../../sdk/index.ts";
import { findings, type Opened, open, SIZES, until } from "./browser.ts";
import { Person } from "./person.ts";
import type { serve } from "./service.ts";

type City = Awaited<ReturnType<typeof serve>>;
type Spot = [longitude: number, latitude: number];

export const PICKUP: Spot = [7.4246, 43.7384];
export const DROPOFF: Spot = [7.4312, 43.7445];
/** North of the pickup, on the way to it and farther than "near". */
const START = { latitude: 43.7412, longitude: 7.4262 };

/** Free at the beginning, and reports where it is every half second. */
export class Driver {
  private constructor(
    readonly name: string,
    private readonly person: Person,
    private place: { latitude: number; longitude: number },
  ) {
    this.timer = setInterval(() => void this.report().catch(() => {}), 500);
  }

  private readonly timer: ReturnType<typeof setInterval>;
  /** Two reports may come within a millisecond. */
  private fixedMs = 0;

  static async come(city: City, name: string, plate = "SBX 1234"): Promise<Driver> {
    const person = await Person.come(city.url, city.token(name, "driver"));
    const vehicle = { class: "car", plate, label: "White Corsa" };
    await person.ask({ type: "go_online", vehicle });
    const driver = new Driver(name, person, START);
    await driver.report();
    return driver;
  }

  ask(message: ClientMessage) {
    return this.person.ask(message);
  }

  get events() {
    return this.person.events;
  }

  /** Over this many reports to a place, in a straight line. */
  async go([longitude, latitude]: Spot, steps = 4): Promise<void> {
    const from = this.place;
    for (let step = 1; step <= steps; step++) {
      this.place = {
        longitude: from.longitude + ((longitude - from.longitude) * step) / steps,
        latitude: from.latitude + ((latitude - from.latitude) * step) / steps,
      };
      await this.report();
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }

  /** The next open offer, taken. Gives the ride's id. */
  async accept(seen = 0): Promise<string> {
    const offer = await until("an offer", async () =>
      this.events.slice(seen).find((event) => event.kind === "offer" && event.state === "open"),
    );
    if (offer.kind !== "offer") throw new Error("no offer");
    await this.ask({ type: "accept_offer", offer_id: offer.offer_id });
    return offer.ride_id;
  }

  leave(): void {
    clearInterval(this.timer);
    this.person.leave();
  }

  private report() {
    // As coarse as between houses: then steps of the test are no jumps.
    this.fixedMs = Math.max(Date.now(), this.fixedMs + 1);
    const fix = { ...this.place, accuracy: 50, timestamp_ms: this.fixedMs };
    return this.ask({ type: "position", ...fix });
  }
}

/** The rider's page, with its map. */
export async function ridersPage(
  browser: Browser,
  city: City,
  rider: string,
  options: Parameters<typeof open>[2] = {},
): Promise<Opened> {
  const address = `${city.url}ride#token=${city.token(rider, "rider")}`;
  const opened = await open(browser, address, { viewport: SIZES.phone, ...options });
  await mapThere(opened.page);
  return opened;
}

export async function mapThere(page: Page): Promise<void> {
  await page.waitForFunction(() => window.ridecastTrip?.mapLoaded, null, { timeout: 30_000 });
}

/** What the sheet is about. */
export async function heading(page: Page, text: RegExp | string): Promise<void> {
  await page.locator(".sheet h2", { hasText: text }).first().waitFor({ timeout: 20_000 });
}

/** Where a place is on the screen, once the map rests, and the sheet beside it. */
export async function pointOf(page: Page, place: Spot) {
  let before = "";
  return until("a map that rests", async () => {
    await page.waitForFunction(() => window.ridecastTrip?.moving === false);
    const point = await page.evaluate((place) => window.ridecastTrip?.point(place), place);
    const same = JSON.stringify(point) === before;
    before = JSON.stringify(point);
    return same && point;
  });
}

export async function touch(page: Page, place: Spot): Promise<void> {
  const { x, y } = await pointOf(page, place);
  await page.mouse.click(x, y);
}

/** Touches both ends and asks for the ride. */
export async function request(page: Page): Promise<void> {
  await heading(page, "Where to?");
  await touch(page, PICKUP);
  await page.getByTestId("asked").filter({ hasText: "To where?" }).waitFor();
  await touch(page, DROPOFF);
  await page.getByTestId("estimate").waitFor();
  await page.getByRole("button", { name: "Request ride" }).click();
  await heading(page, "Looking for a driver");
}

/** The vehicles on the map. */
export function vehicles(page: Page) {
  return page.evaluate(() => window.ridecastTrip?.vehicles() ?? []);
}

/** The way to drive, or that was driven, on the map. */
export function line(page: Page) {
  return page.evaluate(() => window.ridecastTrip?.line ?? []);
}

/** Cancels the ride that the page shows. */
export async function cancel(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  await heading(page, "The ride is cancelled");
}

/** That nothing hinders people there, and nothing sticks out. */
export async function sound(page: Page, state: string): Promise<void> {
  expect(await findings(page), state).toEqual([]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(wide, state).toBe(false);
}
