// What rider and driver say to each other, on the rider's page.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, until } from "./browser.ts";
import { cancel, Driver, heading, request, ridersPage, sound } from "./rider.ts";
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

it("a driver who gives the ride back is gone from the page, and the talk with them", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const ride_id = await driver.accept();
  await heading(page, "Your driver comes in");
  await driver.ask({ type: "send_chat", ride_id, text: "Which gate?", idempotency_key: "c1" });
  await page.getByTestId("unread").filter({ hasText: "1" }).waitFor();
  await driver.ask({ type: "cancel_ride", ride_id });
  await heading(page, "Looking for a driver");
  await page.getByTestId("setback").waitFor();
  expect(await page.getByTestId("driver").count()).toBe(0);
  const other = await Driver.come(service, "bob", "SCA 77");
  await other.accept();
  await page.getByTestId("driver").filter({ hasText: "SCA 77" }).waitFor();
  expect(await page.getByTestId("unread").count()).toBe(0);
  await cancel(page);
  await other.ask({ type: "go_offline" });
  other.leave();
  await page.context().close();
});

it("both talk: unread, read, quick replies, and a message on its way", async () => {
  const { page } = await ridersPage(browser, service, rider());
  await request(page);
  const ride_id = await driver.accept();
  await heading(page, "Your driver comes in");
  await driver.ask({ type: "send_chat", ride_id, text: "Which gate?", idempotency_key: "c1" });
  await driver.ask({ type: "send_chat", ride_id, quick: "here", idempotency_key: "c2" });
  await page.getByTestId("unread").filter({ hasText: "2" }).waitFor();
  await page.getByRole("button", { name: /Chat/ }).click();
  const chat = page.getByTestId("chat");
  await chat.getByText("Which gate?").waitFor();
  await chat.getByText("I am here").first().waitFor();
  await until("the driver hears that it was read", async () =>
    driver.events.some((event) => event.kind === "receipt" && event.read === 2),
  );
  await sound(page, "the chat");
  await chat.getByRole("button", { name: "Please wait for me" }).click();
  await chat.getByRole("textbox").fill("The one with the lion");
  await page.keyboard.press("Enter");
  await until("both arrived", async () => {
    const said = driver.events.filter((event) => event.kind === "chat" && event.from === "rider");
    return said.length === 2;
  });
  await driver.ask({ type: "read_chat", ride_id, number: 4 });
  await chat.locator(".mine .mark.read").nth(1).waitFor();
  // Without a connection it waits, and goes out when there is one again.
  await page.context().setOffline(true);
  await chat.getByRole("textbox").fill("Are you there?");
  await page.keyboard.press("Enter");
  await chat.locator(".mark.sending").waitFor();
  await page.context().setOffline(false);
  await chat.locator(".mark.sending").waitFor({ state: "detached", timeout: 20_000 });
  expect(await chat.getByText("Are you there?").count()).toBe(1);
  await page.keyboard.press("Escape");
  expect(await chat.count()).toBe(0);
  await cancel(page);
  await page.context().close();
});
