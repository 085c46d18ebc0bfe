import { expect, it } from "vitest";
import type { Eta, Ride } from "../../sdk/index.ts";
import { title } from "../../src/ride/words/title.ts";

const NOW = 1_795_383_918_000;
const ride = (state: Ride["state"]) => ({ ride_id: "r1", state }) as Ride;
const eta = (ageMs: number): Eta => ({ seconds: 300, at_ms: NOW - ageMs, toward: "pickup" }) as Eta;

it("the tab counts down to the next end", () => {
  expect(title(ride("accepted"), eta(0), NOW)).toBe("5 min · ridecast");
  expect(title(ride("in_progress"), undefined, NOW)).toBe("On board · ridecast");
  expect(title(undefined, undefined, NOW)).toBe("ridecast");
});

it("the tab does not repeat an estimate that nobody renewed", () => {
  expect(title(ride("accepted"), eta(60_000), NOW)).toBe("Your driver is on the way · ridecast");
});
