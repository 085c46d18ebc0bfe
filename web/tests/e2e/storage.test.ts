// Browsers that keep nothing for the page, or something that it never wrote.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, ready, SIZES } from "./browser.ts";
import { Driver, heading, mapThere, request, ridersPage } from "./rider.ts";
import { serve } from "./service.ts";

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let driver: Driver;
let link: string;

beforeAll(async () => {
  service = await serve();
  await service.start();
  browser = await launch();
  driver = await Driver.come(service, "ana");
  const { page } = await ridersPage(browser, service, "rosa");
  await request(page);
  await driver.accept();
  await page.getByRole("button", { name: "Share the trip" }).click();
  link = await page.getByLabel("Link").inputValue();
  await page.context().close();
});

afterAll(async () => {
  driver?.leave();
  await browser?.close();
  await service?.stop();
});

/** As with blocked cookies: a look at them is enough. */
function blocked() {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException("Access is denied for this document.", "SecurityError");
      },
    });
  }
}

/** All the names that the page has for what it keeps. */
const NAMES = [
  "theme language share wish demo.rider demo.driver token.operator token.rider token.driver",
  "ride.dismissed drive.dismissed drive.vehicle drive.online drive.source drive.times drive.muted",
  "drive.offer drive.place drive.simulated chat.rider chat.driver",
].flatMap((line) => line.split(" "));

/** JSON and not, of every shape but the right one. */
function garbage(names: string[]) {
  const texts = ['{"offer":{},"latitude":"north","messages":[null]}', "7", '[{"key":1}]', "{"];
  names.forEach((name, i) => {
    const text = texts[i % texts.length] ?? "";
    localStorage.setItem(`ridecast.${name}`, text);
    sessionStorage.setItem(`ridecast.${name}`, text);
  });
}

const FACES = ["operator", "rider", "driver", "share"] as const;

it.each([
  ...FACES.map((face) => ({ face, storage: "blocked" as const })),
  ...FACES.map((face) => ({ face, storage: "garbage" as const })),
])("the face of $face opens and connects where storage is $storage", async ({ face, storage }) => {
  const context = await browser.newContext({ viewport: SIZES.phone });
  if (storage === "blocked") await context.addInitScript(blocked);
  else await context.addInitScript(garbage, NAMES);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const path = { operator: "", rider: "ride", driver: "drive" };
  await page.goto(
    face === "share"
      ? link
      : `${service.url}${path[face]}#token=${service.token(`${face}-${storage}`, face)}`,
  );
  if (face === "operator") await ready(page);
  else await mapThere(page);
  await page.getByTestId("connection").filter({ hasText: "Live" }).waitFor();
  if (face === "rider") await heading(page, "Where to?");
  if (face === "driver") await page.getByTestId("vehicle-form").waitFor();
  if (face === "share") await page.getByTestId("driver").waitFor();
  // What is chosen holds at least as long as the page is open.
  await page.getByRole("button", { name: "Dark" }).click();
  await page.locator('html[data-theme="dark"]').waitFor({ state: "attached" });
  await page.getByRole("combobox", { name: "Language" }).selectOption("ru");
  await page.locator('html[lang="ru"]').waitFor({ state: "attached" });
  expect(errors).toEqual([]);
  await context.close();
});
