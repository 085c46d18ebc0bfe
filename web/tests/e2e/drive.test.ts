// The driver's face. The rider is a socket of the test, so that each step of
// the ride comes when it is looked for.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Event, Ride } from "../../sdk/index.ts";
import { findings, LOOKS, launch, open, SIZES, until } from "./browser.ts";
import { Person } from "./person.ts";
import { serve } from "./service.ts";

const PICKUP = { latitude: 43.7384, longitude: 7.4246, address: "Avenue d'Ostende 3" };
const DROPOFF = { latitude: 43.7402, longitude: 7.4275, address: "Boulevard des Moulins" };
/** About 400 m from the pickup: too far to have arrived. */
const AWAY = { latitude: 43.7362, longitude: 7.4206, accuracy: 8 };

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let rider: Person;
let names = 0;
let pages: Page[] = [];

beforeAll(async () => {
  service = await serve({ keeps: true });
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

beforeEach(async () => {
  rider = await Person.come(service.url, service.token(`rider-${names++}`, "rider"));
});

afterEach(async () => {
  // First the pages: a driver who is still there would be offered the next ride.
  for (const page of pages) {
    const control = page.getByRole("switch");
    if ((await control.count()) > 0 && (await control.getAttribute("aria-checked")) === "true") {
      await control.click();
    }
    await page.context().close();
  }
  pages = [];
  const ride = newestRide();
  if (ride) await rider.ask({ type: "cancel_ride", ride_id: ride.ride_id }).catch(() => {});
  rider.leave();
});

const newestRide = () =>
  rider.events.findLast((event): event is { kind: "ride" } & Ride => event.kind === "ride");
const heard = (what: string, is: (event: Event) => boolean) =>
  until(what, async () => rider.events.find(is));
const rideIs = (state: Ride["state"]) =>
  until(`a ride that is ${state}`, async () => newestRide()?.state === state);

async function driver(options: BrowserContextOptions = {}) {
  const token = service.token(`driver-${names++}`, "driver");
  const opened = await open(browser, `${service.url}drive#token=${token}`, {
    geolocation: AWAY,
    permissions: ["geolocation", "clipboard-read", "clipboard-write"],
    ...options,
  });
  // As a GPS: the mock gives each fix once.
  const context = opened.page.context();
  let at = AWAY;
  const gps = setInterval(() => void context.setGeolocation(at).catch(() => {}), 1_000);
  context.once("close", () => clearInterval(gps));
  const move = (place: { latitude: number; longitude: number }) => {
    at = { latitude: place.latitude, longitude: place.longitude, accuracy: 8 };
  };
  pages.push(opened.page);
  return { ...opened, token, move };
}

/** Says what is driven, and from where positions come. */
async function introduce(page: Page, source: "This device" | "Simulated" = "This device") {
  const form = page.getByTestId("vehicle-form");
  await form.getByLabel("Class").fill("car");
  await form.getByLabel("Number plate").fill("MC 123");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByLabel(source).check();
}

const goOnline = async (page: Page) => {
  await page.getByRole("switch", { name: "Online" }).click();
  await page.getByTestId("sending").filter({ hasText: "sent just now" }).waitFor();
};

const request = () =>
  rider.ask({
    type: "request_ride",
    pickup: PICKUP,
    dropoff: DROPOFF,
    idempotency_key: `wish-${names++}`,
  });

const accept = async (page: Page) => {
  await page.getByTestId("offer").getByRole("button", { name: "Accept" }).click();
  await page.getByTestId("ride").waitFor();
};

const stage = (page: Page, state: string) =>
  page.locator(`[data-testid="ride"][data-state="${state}"]`).waitFor();
const next = (page: Page, name: string) => page.getByRole("button", { name }).click();
const word = (page: Page, text: string | RegExp) =>
  page.getByTestId("word").filter({ hasText: text }).waitFor();

it("a whole ride with the browser's own position, and a chat", async () => {
  const { page, errors, move } = await driver();
  await introduce(page);
  await page.getByTestId("standing").filter({ hasText: "You are offline" }).waitFor();
  await goOnline(page);
  await request();
  const offer = page.getByTestId("offer");
  await offer.filter({ hasText: "Avenue d'Ostende 3" }).waitFor();
  await offer.filter({ hasText: /\d+ min away/ }).waitFor();
  await accept(page);
  await stage(page, "accepted");
  const taken = await until("the driver", async () => newestRide()?.driver);
  expect(taken.vehicle).toEqual({ class: "car", plate: "MC 123" });

  const ride_id = newestRide()?.ride_id ?? "";
  await rider.ask({ type: "send_chat", ride_id, text: "At the gate", idempotency_key: "c1" });
  await page.getByTestId("unread").filter({ hasText: "1" }).waitFor();
  await page.getByRole("button", { name: /^Chat/ }).click();
  const chat = page.getByTestId("chat");
  await chat.getByText("At the gate").waitFor();
  await heard("that it was read", (event) => event.kind === "receipt" && event.read === 1);
  await chat.getByRole("button", { name: "I am on my way" }).click();
  await heard("the answer", (event) => event.kind === "chat" && event.quick === "on_my_way");
  await page.keyboard.press("Escape");

  await next(page, "I have arrived");
  const question = page.getByRole("dialog", { name: "Not at the pickup?" });
  await question.getByRole("button", { name: "Not yet" }).click();
  expect(newestRide()?.state).toBe("accepted");
  move(PICKUP);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");
  await rideIs("arrived");
  await next(page, "Start the ride");
  await rideIs("in_progress");
  move(DROPOFF);
  await word(page, "The dropoff is near.");
  await next(page, "Complete the ride");
  await rideIs("completed");
  const over = page.getByTestId("over");
  await over.filter({ hasText: "Ride completed" }).waitFor();
  expect(newestRide()?.distance_m).toBeGreaterThan(100);
  await over.getByRole("button", { name: "Done" }).click();
  await page.getByTestId("standing").filter({ hasText: "Waiting for rides" }).waitFor();
  expect(errors).toEqual([]);
});

it("a whole simulated ride, along the streets", async () => {
  const { page, errors } = await driver({ permissions: [] });
  await introduce(page, "Simulated");
  await goOnline(page);
  await page.getByLabel("×10").check();
  await request();
  await accept(page);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");
  await next(page, "Start the ride");
  await word(page, "The dropoff is near.");
  await next(page, "Complete the ride");
  await page.getByTestId("over").filter({ hasText: "Ride completed" }).waitFor();
  const refused = await page.getByTestId("sending").count();
  expect(refused).toBe(0);
  // Longer than as the crow flies.
  expect(newestRide()?.distance_m).toBeGreaterThan(310);
  expect(errors).toEqual([]);
});

it("an offer that nobody answers expires; one that is declined or withdrawn goes away", async () => {
  const { page } = await driver();
  await introduce(page);
  await goOnline(page);
  await request();
  const offer = page.getByTestId("offer");
  await offer.waitFor();
  const ride_id = newestRide()?.ride_id ?? "";
  await rider.ask({ type: "cancel_ride", ride_id });
  await word(page, "The offer was withdrawn.");
  await offer.waitFor({ state: "detached" });

  await request();
  await offer.getByRole("button", { name: "Decline" }).click();
  await offer.waitFor({ state: "detached" });
  await until("the setback", async () => newestRide()?.search?.setback === "declined");
  await rider.ask({ type: "cancel_ride", ride_id: newestRide()?.ride_id ?? "" });

  await request();
  await offer.waitFor();
  // It is still there, and its time goes on.
  await page.reload();
  await offer.waitFor();
  await word(page, "The offer has expired.");
  await offer.waitFor({ state: "detached" });
  await until("the setback", async () => newestRide()?.search?.setback === "silent");
});

it("where the position is denied, it says so and drives simulated", async () => {
  const { page } = await driver({ permissions: [] });
  await introduce(page);
  await page.getByRole("switch", { name: "Online" }).click();
  const trouble = page.getByTestId("trouble");
  await trouble.filter({ hasText: "may not use your position" }).waitFor();
  expect(await findings(page)).toEqual([]);
  await trouble.getByRole("button", { name: "Drive simulated" }).click();
  await trouble.waitFor({ state: "detached" });
  await page.getByTestId("sending").filter({ hasText: "sent just now" }).waitFor();
  await request();
  await accept(page);
});

it("a reload in the middle goes on, and so does a start of the service anew", async () => {
  const { page, move } = await driver();
  await introduce(page);
  await goOnline(page);
  await request();
  await accept(page);
  await page.reload();
  await stage(page, "accepted");
  await page.getByTestId("sending").filter({ hasText: "sent just now" }).waitFor();
  move(PICKUP);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");

  rider.leave();
  await service.stop();
  await page
    .getByTestId("connection")
    .filter({ hasText: /connecting/i })
    .waitFor();
  // Said although there is nobody to hear it: it gets through when there is.
  await next(page, "Start the ride");
  await service.start();
  await stage(page, "in_progress");
  await next(page, "Complete the ride");
  await page.getByTestId("over").filter({ hasText: "Ride completed" }).waitFor();
  await page.reload();
  await page.getByTestId("over").getByRole("button", { name: "Done" }).click();
  await page.reload();
  await page.getByTestId("standing").filter({ hasText: "Waiting for rides" }).waitFor();
});

it("positions of a time without connection are sent afterwards", async () => {
  const { page } = await driver({ permissions: [] });
  await introduce(page, "Simulated");
  await goOnline(page);
  await request();
  await accept(page);
  const ride_id = newestRide()?.ride_id ?? "";
  await page.context().setOffline(true);
  const sending = page.getByTestId("sending");
  await sending.filter({ hasText: /[2-9] positions are waiting to be sent/ }).waitFor();
  await page.context().setOffline(false);
  await sending.filter({ hasText: "sent just now" }).waitFor();
  await sending.filter({ hasNotText: "waiting" }).waitFor();
  await sending.filter({ hasNotText: "refused" }).waitFor();
  await heard("a vehicle that moves", () => newestRide()?.ride_id === ride_id);
});

it("one device drives: the other says so, and takes over again when asked", async () => {
  const { page, token } = await driver();
  await introduce(page);
  await goOnline(page);
  const second = await page.context().newPage();
  await second.goto(`${service.url}drive#token=${token}`);
  await page.getByTestId("replaced").waitFor();
  expect(await findings(page)).toEqual([]);
  // What this browser drives, it knows.
  await second.getByTestId("standing").filter({ hasText: "Waiting for rides" }).waitFor();
  await page.getByRole("button", { name: "Drive here" }).click();
  await second.getByTestId("replaced").waitFor();
  await page.getByTestId("sending").filter({ hasText: "sent just now" }).waitFor();
  await request();
  await page.getByTestId("offer").waitFor();
  expect(await second.getByTestId("offer").count()).toBe(0);
});

it("a ride that is given back is looked for another driver, and the rider reads why", async () => {
  const { page, move } = await driver();
  await introduce(page);
  await goOnline(page);
  await request();
  await accept(page);
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  const question = page.getByRole("dialog");
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  move(PICKUP);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  await question.getByLabel("Reason").selectOption({ label: "Nobody came to the pickup" });
  expect(await findings(page)).toEqual([]);
  await question.getByRole("button", { name: "Cancel it" }).click();
  await page.getByTestId("over").filter({ hasText: "You have cancelled the ride" }).waitFor();
  await rideIs("cancelled");
  expect(newestRide()?.cancelled).toEqual({
    by: "driver",
    stage: "arrived",
    reason: "Nobody came to the pickup",
  });
});

it("a rider who cancels is told to the driver", async () => {
  const { page } = await driver();
  await introduce(page);
  await goOnline(page);
  await request();
  await accept(page);
  const ride_id = newestRide()?.ride_id ?? "";
  await rider.ask({ type: "cancel_ride", ride_id, reason: "Found another" });
  const over = page.getByTestId("over");
  await over.filter({ hasText: "The rider has cancelled" }).waitFor();
  await over.filter({ hasText: "Found another" }).waitFor();
});

it("what is shown for a tracker app is what the service takes", async () => {
  const { page, token } = await driver();
  await introduce(page);
  await page.getByText("Drive with the screen off").click();
  const copied = async (name: string) => {
    await page.getByRole("button", { name: `Copy: ${name}` }).click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const [url, headers, body] = [await copied("URL"), await copied("Headers"), await copied("Body")];
  expect(headers).toContain(token);
  const filled = body
    .replace("%LAT", "43.7384")
    .replace("%LON", "7.4246")
    .replace("%ACC", "3.9")
    .replace("%TIMESTAMP", String(Math.floor(Date.now() / 1_000)));
  const lines = headers.split("\n").map((line) => line.split(": ") as [string, string]);
  const answer = await fetch(url, { method: "POST", headers: lines, body: filled });
  expect(await answer.json()).toEqual({ accepted: 1, refused: [] });
  expect(await findings(page)).toEqual([]);
});

it.each(LOOKS)("nothing hinders people: $size, $scheme", async ({ size, scheme }) => {
  const { page } = await driver({
    viewport: SIZES[size],
    colorScheme: scheme,
    hasTouch: size === "phone",
  });
  const look = async () => {
    expect(await findings(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide).toBe(false);
  };
  await page.getByTestId("vehicle-form").waitFor();
  await look();
  await introduce(page);
  await look();
  await goOnline(page);
  await look();
  await request();
  await page.getByTestId("offer").waitFor();
  await look();
  await accept(page);
  await look();
  await page.getByRole("button", { name: /^Chat/ }).click();
  await look();
  await page.keyboard.press("Escape");
  await rider.ask({ type: "cancel_ride", ride_id: newestRide()?.ride_id ?? "" });
  await page.getByTestId("over").waitFor();
  await look();
});
