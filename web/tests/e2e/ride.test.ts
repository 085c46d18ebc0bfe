// The rider's page from the first touch to the summary. The driver is a socket
// of the test, so that each step of the ride comes when it is looked for.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, until } from "./browser.ts";
import {
  DROPOFF,
  Driver,
  heading,
  line,
  PICKUP,
  request,
  ridersPage,
  sound,
  vehicles,
} from "./rider.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Driver;
let riders = 0;
const rider = () => `rosa-${riders++}`;

beforeAll(async () => {
  service = await serve({ flags: ["--search-for", "6s", "--offer-for", "5s"] });
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

beforeEach(async () => {
  // Another one each time: a test that fails may leave a ride behind.
  driver = await Driver.come(service, `ana-${riders}`);
});

afterEach(async () => {
  await driver.ask({ type: "go_offline" });
  driver.leave();
});

it("a whole ride: chosen, asked for, followed, and summed up", async () => {
  const { page, errors, requests } = await ridersPage(browser, service, rider());
  await until("a free vehicle", async () => (await vehicles(page)).length === 1);
  // Under a name that says nothing.
  expect((await vehicles(page))[0]?.id).not.toBe(driver.name);
  await sound(page, "before anything is chosen");
  await request(page);
  expect(await page.title()).toBe("Looking · ridecast");
  await sound(page, "while a driver is looked for");

  const ride_id = await driver.accept();
  await heading(page, "Your driver comes in");
  await page.getByTestId("driver").filter({ hasText: "SBX 1234" }).waitFor();
  await until("the driver's vehicle", async () => (await vehicles(page))[0]?.id === driver.name);
  const whole = await until("the way to the pickup", async () => {
    const way = await line(page);
    return way.length > 1 && way;
  });
  const [, atPickup] = [whole[0], whole.at(-1)];
  expect(atPickup?.[0]).toBeCloseTo(PICKUP[0], 2);
  expect(await page.title()).toMatch(/^(\d+ (s|min)|any moment) · ridecast$/);
  await sound(page, "while the driver comes");

  await driver.go(PICKUP);
  await heading(page, "Your driver is near");
  await until("a shorter line", async () => {
    const [start] = await line(page);
    return start && Math.abs(start[1] - PICKUP[1]) < 0.0006;
  });
  await driver.ask({ type: "arrive", ride_id });
  await heading(page, "Your driver is here");
  await page.getByTestId("waits").waitFor();
  await sound(page, "while the driver waits");
  await driver.ask({ type: "start_ride", ride_id });
  await heading(page, "On the way to the dropoff");
  await page.getByTestId("countdown").waitFor();
  await driver.go(DROPOFF, 5);
  await heading(page, "Almost there");
  await sound(page, "on board");
  await driver.ask({ type: "complete_ride", ride_id });
  await heading(page, "You have arrived");
  const summary = await page.getByTestId("summary").textContent();
  expect(summary).toMatch(/On board.*Distance.*Asked for.*Time/);
  await until("the way that was driven", async () => (await line(page)).length > 1);
  expect(await vehicles(page)).toEqual([]);
  await sound(page, "after the end");

  // The end is kept over a reload, until it is put away.
  await page.reload();
  await heading(page, "You have arrived");
  await page.getByRole("button", { name: "New ride" }).click();
  await heading(page, "Where to?");
  await page.reload();
  await heading(page, "Where to?");
  expect(errors).toEqual([]);
  const others = requests.filter((url) => new URL(url).host !== new URL(service.url).host);
  expect(others.filter((url) => !/^(blob|data):/.test(url))).toEqual([]);
  await page.context().close();
});

it("who cancels is asked once more, and the driver hears it", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  await driver.accept();
  await heading(page, "Your driver comes in");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await sound(page, "the question whether to cancel");
  await page.getByRole("button", { name: "Keep the ride" }).click();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.keyboard.press("Escape");
  await heading(page, "Your driver comes in");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  await heading(page, "The ride is cancelled");
  await page.getByText("You have cancelled it.").waitFor();
  await until("the driver's word", async () =>
    driver.events.some((event) => event.kind === "ride" && event.state === "cancelled"),
  );
  // The same once more.
  await page.getByRole("button", { name: "Ask again" }).click();
  await heading(page, "Where to?");
  expect(await page.getByRole("button", { name: "Request ride" }).isEnabled()).toBe(true);
  await page.context().close();
});

it("what goes wrong while a driver is looked for is said, and when it ends", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const offer = await until("an offer", async () =>
    driver.events.find((event) => event.kind === "offer" && event.state === "open"),
  );
  if (offer.kind !== "offer") throw new Error("no offer");
  await page.getByText("1 driver was asked").waitFor();
  await driver.ask({ type: "decline_offer", offer_id: offer.offer_id });
  await page.getByTestId("setback").filter({ hasText: "Nobody free is near" }).waitFor();
  await page
    .getByTestId("until")
    .filter({ hasText: /The search ends in \d s/ })
    .waitFor();
  await heading(page, "Nobody could come");
  await sound(page, "after the search");
  await page.context().close();
});
