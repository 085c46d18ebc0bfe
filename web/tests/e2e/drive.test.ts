// The driver's face: rides from the offer to the end.
import { expect, it } from "vitest";
import { until } from "./browser.ts";
import {
  accept,
  DROPOFF,
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

it("a whole ride with the browser's own position, and a chat", async () => {
  const { page, errors, move } = await town.driver();
  await town.introduce(page);
  await standing(page, "You are offline");
  await goOnline(page);
  await town.request();
  const offer = page.getByTestId("offer");
  await offer.filter({ hasText: "Avenue d'Ostende 3" }).waitFor();
  await offer.filter({ hasText: /\d+ min away/ }).waitFor();
  await accept(page);
  await stage(page, "accepted");
  const taken = await until("the driver", async () => town.ride?.driver);
  expect(taken.vehicle).toEqual({ class: town.vehicle_class, plate: "MC 123" });

  const ride_id = town.ride?.ride_id ?? "";
  await town.rider.ask({ type: "send_chat", ride_id, text: "At the gate", idempotency_key: "c1" });
  await page.getByTestId("unread").filter({ hasText: "1" }).waitFor();
  await page.getByRole("button", { name: /^Chat/ }).click();
  const chat = page.getByTestId("chat");
  await chat.getByText("At the gate").waitFor();
  await town.heard("that it was read", (event) => event.kind === "receipt" && event.read === 1);
  await chat.getByRole("button", { name: "I am on my way" }).click();
  await town.heard("the answer", (event) => event.kind === "chat" && event.quick === "on_my_way");
  await page.keyboard.press("Escape");

  await next(page, "I have arrived");
  const question = page.getByRole("dialog", { name: "Not at the pickup?" });
  await question.getByRole("button", { name: "Not yet" }).click();
  expect(town.ride?.state).toBe("accepted");
  move(PICKUP);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");
  await town.rideIs("arrived");
  await next(page, "Start the ride");
  await town.rideIs("in_progress");
  move(DROPOFF);
  await word(page, "The dropoff is near.");
  await next(page, "Complete the ride");
  await town.rideIs("completed");
  await over(page, "Ride completed");
  expect(town.ride?.distance_m).toBeGreaterThan(100);
  await next(page, "Done");
  await standing(page, "Waiting for rides");
  expect(errors).toEqual([]);
});

it("a whole simulated ride, along the streets", async () => {
  const { page, errors } = await town.driver({ permissions: [] });
  await town.introduce(page, "Simulated");
  await page.waitForFunction(() => window.ridecastTrip?.mapLoaded);
  const point = await page.evaluate(() => window.ridecastTrip?.point([7.4206, 43.7362]));
  if (!point) throw new Error("no map");
  await page.mouse.click(point.x, point.y);
  await goOnline(page);
  const [own] = await page.evaluate(() => window.ridecastTrip?.vehicles() ?? []);
  // To a pixel of the whole city.
  expect(own?.at[0]).toBeCloseTo(7.4206, 2);
  expect(own?.at[1]).toBeCloseTo(43.7362, 2);
  await page.getByLabel("×10").check();
  await town.request();
  await accept(page);
  await until("the line to drive", () =>
    page.evaluate(() => (window.ridecastTrip?.line.length ?? 0) > 2),
  );
  await word(page, "The pickup is near.", 60_000);
  await next(page, "I have arrived");
  await stage(page, "arrived");
  await next(page, "Start the ride");
  await word(page, "The dropoff is near.", 60_000);
  expect(await page.getByTestId("sending").textContent()).not.toContain("refused");
  await next(page, "Complete the ride");
  await over(page, "Ride completed");
  await town.rideIs("completed");
  // Longer than as the crow flies.
  expect(town.ride?.distance_m).toBeGreaterThan(310);
  expect(errors).toEqual([]);
});

it("a reload in the middle goes on, and so does a start of the service anew", async () => {
  const { page, move } = await town.driver();
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  await page.reload();
  await stage(page, "accepted");
  await sending(page, "sent just now");
  move(PICKUP);
  await word(page, "The pickup is near.");
  await next(page, "I have arrived");
  await stage(page, "arrived");

  town.rider.leave();
  await town.service.stop();
  await page
    .getByTestId("connection")
    .filter({ hasText: /connecting/i })
    .waitFor();
  // Said although there is nobody to hear it: it gets through when there is.
  await next(page, "Start the ride");
  await town.service.start();
  // Else it waits for its next attempt, up to half a minute.
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await stage(page, "in_progress");
  await next(page, "Complete the ride");
  await over(page, "Ride completed");
  await page.reload();
  await next(page, "Done");
  await page.reload();
  await standing(page, "Waiting for rides");
});
