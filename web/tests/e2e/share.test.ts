// A trip that is shared, as who has the link sees it.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, open, SIZES, until } from "./browser.ts";
import { Driver, heading, line, mapThere, request, ridersPage, sound, vehicles } from "./rider.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Driver;
let riders = 0;
const rider = () => `rosa-${riders++}`;

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
  // Another one each time: a test that fails may leave a ride behind.
  driver = await Driver.come(service, `ana-${riders}`);
});

afterEach(async () => {
  await driver.ask({ type: "go_offline" });
  driver.leave();
});

it("a shared trip is seen without a login, and no more once sharing has ended", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const ride_id = await driver.accept();
  await page.getByRole("button", { name: "Share the trip" }).click();
  const address = await page.getByLabel("Link").inputValue();
  const friend = await open(browser, address, { viewport: SIZES.phone });
  await mapThere(friend.page);
  await heading(friend.page, "The driver is at the pickup in");
  await friend.page.getByTestId("driver").filter({ hasText: "SBX 1234" }).waitFor();
  await until("the vehicle", async () => (await vehicles(friend.page))[0]?.id === driver.name);
  await until("the line", async () => (await line(friend.page)).length > 1);
  await sound(friend.page, "a shared trip");
  const robots = await friend.page.locator('meta[name="robots"]').getAttribute("content");
  expect(robots).toBe("noindex");
  await driver.ask({ type: "arrive", ride_id, force: true });
  await heading(friend.page, "The driver waits at the pickup");
  // Another tab of the rider knows the link too.
  await page.reload();
  await page.getByTestId("share").waitFor();
  await page.getByRole("button", { name: "Stop sharing" }).click();
  await page.getByTestId("share").waitFor({ state: "detached" });
  await heading(friend.page, "This link has ended");
  expect(await vehicles(friend.page)).toEqual([]);
  await friend.page.reload();
  await heading(friend.page, "This link shows nothing");
  await sound(friend.page, "a link that is over");
  // Another link, until the ride's own end.
  await page.getByRole("button", { name: "Share the trip" }).click();
  // Taken out of a sentence, with what stood behind it.
  await friend.page.goto(`${await page.getByLabel("Link").inputValue()}).`);
  await heading(friend.page, "The driver waits at the pickup");
  await driver.ask({ type: "start_ride", ride_id });
  await heading(friend.page, "On the way");
  await driver.ask({ type: "complete_ride", ride_id });
  await heading(friend.page, "The trip has ended");
  expect(await vehicles(friend.page)).toEqual([]);
  await friend.page.context().close();
  await page.context().close();
});
