// The rider's page when something is away: the page itself, the network, the
// service, the driver. What is shown afterwards is what is true.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, until } from "./browser.ts";
import { cancel, Driver, heading, mapThere, request, ridersPage, vehicles } from "./rider.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Driver;
let riders = 0;
const rider = () => `rosa-${riders++}`;

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
  // Another one each time: a test that fails may leave a ride behind.
  driver = await Driver.come(service, `ana-${riders}`);
});

afterEach(async () => {
  await driver.ask({ type: "go_offline" });
  driver.leave();
});

const plate = (page: Page) => page.getByTestId("driver").filter({ hasText: "SBX 1234" }).waitFor();

it("a reload loses nothing: not what was chosen, not the search, not the driver, not the talk", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  await page.reload();
  await heading(page, "Looking for a driver");
  const ride_id = await driver.accept();
  await plate(page);
  await driver.ask({ type: "send_chat", ride_id, text: "Which gate?", idempotency_key: "c1" });
  await page.getByTestId("unread").waitFor();
  await page.reload();
  await plate(page);
  await page.getByTestId("countdown").waitFor();
  await page.getByTestId("unread").filter({ hasText: "1" }).waitFor();
  await until("the vehicle", async () => (await vehicles(page))[0]?.id === driver.name);
  await cancel(page);
  await page.context().close();
});

it("two tabs of one rider show the same ride, and either may end it", async () => {
  const name = rider();
  const { page } = await ridersPage(browser, service, name);
  const second = await page.context().newPage();
  await second.goto(`${service.url}ride#token=${service.token(name, "rider")}`);
  await mapThere(second);
  await request(page);
  await heading(second, "Looking for a driver");
  await driver.accept();
  await plate(page);
  await plate(second);
  await second.getByRole("button", { name: "Cancel", exact: true }).click();
  await second.getByRole("button", { name: "Cancel the ride" }).click();
  await heading(second, "The ride is cancelled");
  await heading(page, "The ride is cancelled");
  await page.context().close();
});

it("offline it says so and counts on, and back it has what happened meanwhile", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const ride_id = await driver.accept();
  await plate(page);
  await page.context().setOffline(true);
  await page.getByTestId("offline").waitFor();
  await driver.ask({ type: "arrive", ride_id, force: true });
  await driver.ask({ type: "start_ride", ride_id });
  await page.context().setOffline(false);
  await heading(page, "On the way to the dropoff");
  await page.getByTestId("offline").waitFor({ state: "detached" });
  await cancel(page);
  await page.context().close();
});

it("a request without a network goes out when there is one, once", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  await page.getByRole("button", { name: "Ask again" }).click();
  await heading(page, "Where to?");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Request ride" }).click();
  await page.getByRole("button", { name: "Sending your request…" }).waitFor();
  await page.context().setOffline(false);
  await heading(page, "Looking for a driver");
  await cancel(page);
  await page.context().close();
});

it("a vehicle that is not heard any more is not shown as if it were", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  await driver.accept();
  await plate(page);
  expect(await page.getByTestId("stale").count()).toBe(0);
  driver.leave();
  await page
    .getByTestId("stale")
    .filter({ hasText: /last heard of \d+ s ago/ })
    .waitFor({ timeout: 30_000 });
  driver = await Driver.come(service, driver.name);
  await page.getByTestId("stale").waitFor({ state: "detached" });
  await cancel(page);
  await page.context().close();
});

it("a service that dies in the middle and comes back goes on with the ride", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const ride_id = await driver.accept();
  await plate(page);
  driver.leave();
  await service.stop();
  await page.getByTestId("offline").waitFor();
  // What was known is still there to be read.
  await plate(page);
  await service.start();
  driver = await Driver.come(service, driver.name);
  await page.getByTestId("offline").waitFor({ state: "detached", timeout: 40_000 });
  await driver.ask({ type: "arrive", ride_id, force: true });
  await heading(page, "Your driver is here");
  await cancel(page);
  await page.context().close();
});
