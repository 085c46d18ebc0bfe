// The driver's face when it goes otherwise.
import { expect, it } from "vitest";
import type { Event, Setback } from "../../sdk/index.ts";
import { findings } from "./browser.ts";
import {
  accept,
  goOnline,
  next,
  over,
  PICKUP,
  sending,
  stage,
  standing,
  Town,
  word,
} from "./driver.ts";

const town = new Town();

const setback = (name: Setback) => (event: Event) =>
  event.kind === "ride" && event.search?.setback === name;

it("an offer that nobody answers expires; one that is declined or withdrawn goes away", async () => {
  const { page } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  const offer = page.getByTestId("offer");
  await offer.waitFor();
  await town.cancel();
  await word(page, "The offer was withdrawn.");
  await offer.waitFor({ state: "detached" });

  await town.request();
  await offer.getByRole("button", { name: "Decline" }).click();
  await offer.waitFor({ state: "detached" });
  await town.heard("the setback", setback("declined"));
  await town.cancel();

  await town.request();
  await offer.waitFor();
  // It is still there, and its time goes on.
  await page.reload();
  await offer.waitFor();
  await word(page, "The offer has expired.");
  await offer.waitFor({ state: "detached" });
  await town.heard("the setback", setback("silent"));
});

it("where the position is denied, it says so and drives simulated", async () => {
  const { page } = await town.driver({ permissions: [] });
  await town.introduce(page);
  await page.getByRole("switch", { name: "Online" }).click();
  const trouble = page.getByTestId("trouble");
  await trouble.filter({ hasText: "may not use your position" }).waitFor();
  expect(await findings(page)).toEqual([]);
  await trouble.getByRole("button", { name: "Drive simulated" }).click();
  await trouble.waitFor({ state: "detached" });
  await sending(page, "sent just now");
  await town.request();
  await accept(page);
});

it("positions of a time without connection are sent afterwards", async () => {
  const { page } = await town.driver({ permissions: [] });
  await town.introduce(page, "Simulated");
  await goOnline(page);
  await town.request();
  await accept(page);
  await page.context().setOffline(true);
  await sending(page, /[2-9] positions are waiting to be sent/);
  // Of whichever socket gets through: one may still be tried in vain.
  const trail = new Promise<string>((resolve) => {
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => {
        if (String(payload).includes('"positions"')) resolve(String(payload));
      });
    });
  });
  await page.context().setOffline(false);
  const { positions } = JSON.parse(await trail);
  expect(positions.length).toBeGreaterThan(1);
  await sending(page, "sent just now");
  expect(await page.getByTestId("sending").textContent()).not.toMatch(/waiting|refused/);
});

it("one device drives: the other says so, and takes over again when asked", async () => {
  const { page, token } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  const second = await page.context().newPage();
  await second.goto(`${town.service.url}drive#token=${token}`);
  await page.getByTestId("replaced").waitFor();
  expect(await page.title()).toBe("You drive on another device · ridecast");
  expect(await findings(page)).toEqual([]);
  // What this browser drives, it knows.
  await second.getByTestId("standing").filter({ hasText: "Waiting for rides" }).waitFor();
  await page.getByRole("button", { name: "Drive here" }).click();
  await second.getByTestId("replaced").waitFor();
  await sending(page, "sent just now");
  await town.request();
  await page.getByTestId("offer").waitFor();
  expect(await second.getByTestId("offer").count()).toBe(0);
});

it("a driver who cancels says why, and the rider reads it", async () => {
  const { page, move } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  const question = page.getByRole("dialog");
  await question.waitFor();
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
  await over(page, "You have cancelled the ride");
  await town.rideIs("cancelled");
  expect(town.ride?.cancelled).toEqual({
    by: "driver",
    stage: "arrived",
    reason: "Nobody came to the pickup",
  });
});

it("a ride that is given back on the way goes to somebody else", async () => {
  const { page } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  await page.getByRole("button", { name: "Cancel the ride" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel it" }).click();
  await over(page, "You have cancelled the ride");
  await town.heard("the setback", setback("driver_cancelled"));
  await next(page, "Done");
  await standing(page, "Waiting for rides");
});

it("a rider who cancels is told to the driver", async () => {
  const { page, move } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  move(PICKUP);
  await word(page, "The pickup is near.");
  await town.cancel("Found another");
  await over(page, "The rider has cancelled");
  await over(page, "Found another");
  // Where the pickup is, is no news any more.
  expect(await page.getByTestId("word").textContent()).toBe("");
});

it("what is shown for a tracker app is what the service takes", async () => {
  const { page, token } = await town.driver();
  await town.introduce(page);
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
