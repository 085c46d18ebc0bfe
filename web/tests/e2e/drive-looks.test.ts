// The driver's face as people see, hear and reach it.
import { expect, it } from "vitest";
import { findings, LOOKS, SIZES, until } from "./browser.ts";
import { accept, goOnline, next, over, standing, Town } from "./driver.ts";

const town = new Town({ keeps: false });

it.each(LOOKS)("nothing hinders people: $size, $scheme", async ({ size, scheme }) => {
  const { page } = await town.driver({
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
  await town.introduce(page);
  await look();
  await goOnline(page);
  await look();
  await town.request();
  await page.getByTestId("offer").waitFor();
  await look();
  await accept(page);
  await look();
  await page.getByRole("button", { name: /^Chat/ }).click();
  await look();
  await page.keyboard.press("Escape");
  await town.cancel();
  await page.getByTestId("over").waitFor();
  await look();
});

it("keeps the screen on, and tells when a hidden page sent nothing", async () => {
  const { page } = await town.driver();
  await page.evaluate(() => {
    const screens: string[] = [];
    const request = async (what: string) => {
      screens.push(what);
      return { release: async () => {} };
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
    Object.assign(window, { screens });
  });
  const held = () => page.evaluate(() => (window as unknown as { screens: string[] }).screens);
  await town.introduce(page);
  await goOnline(page);
  await page.getByText("The screen is kept on.").waitFor();
  expect(await held()).toEqual(["screen"]);
  // Hidden for a minute, in one moment.
  await page.evaluate(() => {
    const show = (state: string) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    };
    show("hidden");
    const { now } = Date;
    Date.now = () => now() + 60_000;
    show("visible");
    Date.now = now;
  });
  await page
    .getByTestId("hidden")
    .filter({ hasText: /For 6\d s nothing was sent/ })
    .waitFor();
  expect(await held()).toEqual(["screen", "screen"]);
});

it("an offer rings and shakes, unless it is muted", async () => {
  const { page } = await town.driver();
  await page.evaluate(() => {
    const heard = { tones: 0, shakes: 0 };
    const Oscillator = OscillatorNode;
    class Counted extends Oscillator {
      override start(when?: number): void {
        heard.tones += 1;
        super.start(when);
      }
    }
    Object.assign(window, { heard, OscillatorNode: Counted });
    navigator.vibrate = (pattern) => {
      if (pattern !== 0) heard.shakes += 1;
      return true;
    };
  });
  const heard = () =>
    page.evaluate(() => (window as unknown as { heard: Record<string, number> }).heard);
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await page.getByTestId("offer").waitFor();
  await until("a ring", async () => {
    const { tones = 0, shakes = 0 } = await heard();
    return tones >= 2 && shakes >= 1;
  });
  await page.getByRole("button", { name: "Decline" }).click();
  await page.getByTestId("offer").waitFor({ state: "detached" });
  await town.cancel();
  await page.getByRole("button", { name: "Sound" }).click();
  const before = await heard();
  await town.request();
  await page.getByTestId("offer").waitFor();
  await page.getByRole("timer", { name: /^[1-9] seconds left/ }).waitFor();
  expect(await heard()).toEqual(before);
});

it("a ride that the service has forgotten is told to be no more", async () => {
  const { page } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  town.rider.leave();
  await town.service.stop();
  await town.service.start();
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await over(page, "The ride has been taken from you");
  await next(page, "Done");
  await standing(page, "Waiting for rides");
});
