// A shared trip that its viewer loses: the link's time passes, or the line falls silent.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, SIZES, until } from "./browser.ts";
import { lineTo } from "./line.ts";
import { Driver, heading, line, request, ridersPage, sound, vehicles } from "./rider.ts";
import { serve } from "./service.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
});

it("a link that expires while it is looked at says so, and so does one that had expired", async () => {
  // Long enough to open the page, and no longer.
  const brief = await serve({ flags: ["--share-for", "20s"] });
  await brief.start();
  const ana = await Driver.come(brief, "ana");
  try {
    const { page } = await ridersPage(browser, brief, "rosa");
    await request(page);
    await ana.accept();
    await page.getByRole("button", { name: "Share the trip" }).click();
    const address = await page.getByLabel("Link").inputValue();
    const friend = await open(browser, address, { viewport: SIZES.phone });
    await friend.page.getByTestId("driver").filter({ hasText: "SBX 1234" }).waitFor();
    await until("the vehicle", async () => (await vehicles(friend.page))[0]?.id === "ana");
    await friend.page.getByTestId("connection").filter({ hasText: "Live" }).waitFor();
    await heading(friend.page, "This link has ended");
    await friend.page.getByText("the link's time has passed").waitFor();
    await nothingLive(friend.page);
    await sound(friend.page, "a link that has expired");
    // The rider is not told of a link that works no more, and may make another.
    await page.getByRole("button", { name: "Share the trip" }).waitFor();
    await friend.page.reload();
    await heading(friend.page, "This link shows nothing");
    await friend.page.getByText("the link's time has passed").waitFor();
    await nothingLive(friend.page);
    await friend.page.context().close();
    await page.context().close();
  } finally {
    ana.leave();
    await brief.stop();
  }
});

it("a line that falls silent is not live, and is opened anew", async () => {
  const city = await serve({ flags: ["--heartbeat", "1s"] });
  await city.start();
  const ana = await Driver.come(city, "ana");
  const way = await lineTo(city.url);
  try {
    const { page } = await ridersPage(browser, city, "rosa");
    await request(page);
    const ride_id = await ana.accept();
    await page.getByRole("button", { name: "Share the trip" }).click();
    const { pathname } = new URL(await page.getByLabel("Link").inputValue());
    await page.context().close();
    const friend = await open(browser, new URL(pathname, way.url).href, { viewport: SIZES.phone });
    const connection = friend.page.getByTestId("connection");
    await connection.filter({ hasText: "Live" }).waitFor();
    await until("the vehicle", async () => (await vehicles(friend.page))[0]?.id === "ana");
    way.silence();
    // Neither end was told. The page counts the heartbeats that do not come.
    await connection.filter({ hasText: "Reconnecting" }).waitFor();
    await friend.page.getByTestId("offline").waitFor();
    await ana.ask({ type: "arrive", ride_id, force: true });
    way.mend();
    await connection.filter({ hasText: "Live" }).waitFor();
    await heading(friend.page, "The driver waits at the pickup");
    await friend.page.getByTestId("offline").waitFor({ state: "detached" });
    expect(friend.errors).toEqual([]);
    await friend.page.context().close();
  } finally {
    await way.end();
    ana.leave();
    await city.stop();
  }
});

/** No vehicle, no ends of a trip, nothing that is said to be live. */
async function nothingLive(page: Page): Promise<void> {
  expect(await vehicles(page)).toEqual([]);
  expect(await line(page)).toEqual([]);
  expect(await page.evaluate(() => window.ridecastTrip?.dropoff)).toBeNull();
  for (const id of ["connection", "driver", "offline"]) {
    expect(await page.getByTestId(id).count(), id).toBe(0);
  }
}
