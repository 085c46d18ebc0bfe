// Drivers on their face of the page, and a rider who is a socket of the test,
// so that each step of a ride comes when it is looked for.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Event, Ride } from "../../sdk/index.ts";
import { launch, open, until } from "./browser.ts";
import { Person } from "./person.ts";
import { serve } from "./service.ts";

export const PICKUP = { latitude: 43.7384, longitude: 7.4246, address: "Avenue d'Ostende 3" };
export const DROPOFF = { latitude: 43.7402, longitude: 7.4275, address: "Boulevard des Moulins" };
/** About 400 m from the pickup: too far to have arrived. */
export const AWAY = { latitude: 43.7362, longitude: 7.4206, accuracy: 8 };

/** The service, the browser and the rider of a file of tests; the rider is another one in each. */
export class Town {
  service!: Awaited<ReturnType<typeof serve>>;
  rider!: Person;
  /** Another one in each test: drivers of the last one are not gone at once. */
  vehicle_class = "";
  browser!: Browser;
  private names = 0;
  private pages: Page[] = [];

  /** @param keeps whether the service knows after a new start what was before */
  constructor({ keeps = true } = {}) {
    beforeAll(async () => {
      this.service = await serve({ keeps });
      await this.service.start();
      this.browser = await launch();
    });
    afterAll(async () => {
      await this.browser?.close();
      await this.service?.stop();
    });
    beforeEach(async () => {
      this.vehicle_class = `class-${this.names++}`;
      const token = this.service.token(`rider-${this.names++}`, "rider");
      this.rider = await Person.come(this.service.url, token);
    });
    afterEach(() => this.clear());
  }

  /** The newest that the rider was told. */
  get ride(): Ride | undefined {
    return this.rider.events.findLast(
      (event): event is { kind: "ride" } & Ride => event.kind === "ride",
    );
  }

  heard(what: string, is: (event: Event) => boolean) {
    return until(what, async () => this.rider.events.find(is));
  }

  rideIs(state: Ride["state"]) {
    return until(`a ride that is ${state}`, async () => this.ride?.state === state);
  }

  request() {
    const idempotency_key = `wish-${this.names++}`;
    const { vehicle_class } = this;
    return this.rider.ask({
      type: "request_ride",
      pickup: PICKUP,
      dropoff: DROPOFF,
      vehicle_class,
      idempotency_key,
    });
  }

  cancel(reason?: string) {
    const ride_id = this.ride?.ride_id ?? "";
    return this.rider.ask({ type: "cancel_ride", ride_id, ...(reason && { reason }) });
  }

  /** Says what is driven, and from where positions come. */
  async introduce(page: Page, source: "This device" | "Simulated" = "This device") {
    const form = page.getByTestId("vehicle-form");
    await form.getByLabel("Class").fill(this.vehicle_class);
    await form.getByLabel("Number plate").fill("MC 123");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByLabel(source).check();
  }

  /** A new driver's page. */
  async driver(options: BrowserContextOptions = {}) {
    const token = this.service.token(`driver-${this.names++}`, "driver");
    const opened = await open(this.browser, `${this.service.url}drive#token=${token}`, {
      geolocation: AWAY,
      permissions: ["geolocation", "clipboard-read", "clipboard-write"],
      ...options,
    });
    this.pages.push(opened.page);
    // As a GPS: the mock gives each fix once.
    const context = opened.page.context();
    let at = AWAY;
    const gps = setInterval(() => void context.setGeolocation(at).catch(() => {}), 1_000);
    context.once("close", () => clearInterval(gps));
    const move = (place: { latitude: number; longitude: number }) => {
      at = { latitude: place.latitude, longitude: place.longitude, accuracy: 8 };
    };
    return { ...opened, token, move };
  }

  private async clear(): Promise<void> {
    for (const page of this.pages) await page.context().close();
    this.pages = [];
    // Refused when the test brought it to its end.
    if (this.ride) await this.cancel().catch(() => {});
    this.rider.leave();
  }
}

export async function goOnline(page: Page) {
  await page.getByRole("switch", { name: "Online" }).click();
  await sending(page, "sent just now");
}

export async function accept(page: Page) {
  await page.getByTestId("offer").getByRole("button", { name: "Accept" }).click();
  await stage(page, "accepted");
}

export const sending = (page: Page, text: string | RegExp) =>
  page.getByTestId("sending").filter({ hasText: text }).waitFor();
export const standing = (page: Page, text: string) =>
  page.getByTestId("standing").filter({ hasText: text }).waitFor();
export const stage = (page: Page, state: string) =>
  page.locator(`[data-testid="ride"][data-state="${state}"]`).waitFor();
export const over = (page: Page, text: string) =>
  page.getByTestId("over").filter({ hasText: text }).waitFor();
export const next = (page: Page, name: string) => page.getByRole("button", { name }).click();
export const word = (page: Page, text: string, timeout = 30_000) =>
  page.getByTestId("word").filter({ hasText: text }).waitFor({ timeout });
