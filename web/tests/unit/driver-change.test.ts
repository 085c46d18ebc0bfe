import { expect, it } from "vitest";
import type { Ride } from "../../sdk/index.ts";
import { DriverChange } from "../../src/ride/driver-change.ts";

const ride = (ride_id: string, driver?: string) =>
  ({ ride_id, ...(driver && { driver: { id: driver, vehicle: { class: "car" } } }) }) as Ride;

it("tells when another driver comes than the one who was shown", () => {
  const drivers = new DriverChange();
  const seen = [
    ride("r1"),
    ride("r1", "ana"),
    // Given back: it is looked for another.
    ride("r1"),
    ride("r1", "bo"),
    ride("r1", "bo"),
  ].map((one) => {
    drivers.follow(one);
    return drivers.changed.value;
  });
  expect(seen).toEqual([false, false, false, true, true]);
});

it("another ride has another driver, which is no news", () => {
  const drivers = new DriverChange();
  for (const one of [ride("r1", "ana"), ride("r1", "bo"), undefined, ride("r2", "ana")]) {
    drivers.follow(one);
  }
  expect(drivers.changed.value).toBe(false);
  drivers.follow(ride("r3", "bo"));
  expect(drivers.changed.value).toBe(false);
});
