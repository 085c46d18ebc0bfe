// Two people with a browser each, a third who was sent the link, and an
// operator who looks on: a whole ride, with nobody but pages.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, SIZES } from "./browser.ts";
import { goOnline, next, word } from "./driver.ts";
import { heading, mapThere, request, ridersPage, touch } from "./rider.ts";
import { serve } from "./service.ts";

/** Beside the pickup that `request` touches. */
const DRIVER = [7.4206, 43.7362] as const;

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;

beforeAll(async () => {
  service = await serve();
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

it("a whole ride between two pages, seen by a third and by an operator", async () => {
  const driver = await driversPage();
  const rider = await ridersPage(browser, service, "rosa");
  const operator = await open(browser, `${service.url}#token=${service.token("olga", "operator")}`);
  await request(rider.page);
  await driver.page.getByTestId("offer").getByRole("button", { name: "Accept" }).click();
  await heading(rider.page, "Your driver comes in");
  await rider.page.getByTestId("driver").filter({ hasText: "MC 123" }).waitFor();

  // They talk.
  await rider.page.getByRole("button", { name: /Chat/ }).click();
  await say(rider.page, "I wear a red coat.");
  await driver.page.getByRole("button", { name: /Chat/ }).click();
  await driver.page.getByTestId("chat").getByText("I wear a red coat.").waitFor();
  await rider.page.locator(".mine .mark.read").waitFor();
  for (const { page } of [driver, rider]) {
    await page.keyboard.press("Escape");
    await page.getByTestId("chat").waitFor({ state: "detached" });
  }

  // Somebody at home looks on.
  const guest = await guestsPage(rider.page);
  await guest.page.getByText("MC 123").waitFor();
  await operator.page.getByTestId("rides").filter({ hasText: "1 on the way" }).waitFor();

  await word(driver.page, "The pickup is near.", 60_000);
  await next(driver.page, "I have arrived");
  await heading(rider.page, "Your driver is here");
  await next(driver.page, "Start the ride");
  await heading(rider.page, "On the way to the dropoff");
  await word(driver.page, "The dropoff is near.", 90_000);
  await next(driver.page, "Complete the ride");
  await heading(rider.page, "You have arrived");
  await heading(guest.page, "The trip has ended");
  await operator.page.getByTestId("rides").filter({ hasText: "1 done" }).waitFor();
  for (const { errors } of [driver, rider, operator, guest]) expect(errors).toEqual([]);
});

async function driversPage() {
  const token = service.token("ana", "driver");
  const opened = await open(browser, `${service.url}drive#token=${token}`, {
    viewport: SIZES.phone,
  });
  const { page } = opened;
  const form = page.getByTestId("vehicle-form");
  await form.getByLabel("Class").fill("car");
  await form.getByLabel("Number plate").fill("MC 123");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Simulated").check();
  await mapThere(page);
  await touch(page, [...DRIVER]);
  await goOnline(page);
  await page.getByLabel("×10").check();
  return opened;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("chat").getByRole("textbox").fill(text);
  await page.keyboard.press("Enter");
}

/** Whoever has the rider's link. */
async function guestsPage(rider: Page) {
  await rider.getByRole("button", { name: "Share the trip" }).click();
  const link = await rider.getByLabel("Link").inputValue();
  return open(browser, link, { viewport: SIZES.phone });
}
