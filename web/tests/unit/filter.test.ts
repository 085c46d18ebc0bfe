import { expect, it } from "vitest";
import {
  DOINGS,
  doingOf,
  EVERYTHING,
  type Filter,
  isEverything,
  passes,
  passing,
  toggled,
} from "../../src/fleet/filter.ts";

const only = (...doings: Filter["doings"]): Filter => ({ doings, vehicleClass: null });
const CAR = { state: "online" as const, class: "car" };

it("of a silent vehicle nobody says that it is on a ride", () => {
  expect(doingOf("online", false)).toBe("free");
  expect(doingOf("online", true)).toBe("ride");
  expect(doingOf("silent", true)).toBe("silent");
});

it("passes by what a vehicle does and by its class", () => {
  expect(passes(EVERYTHING, CAR, true)).toBe(true);
  expect(passes(only("free"), CAR, true)).toBe(false);
  expect(passes(only("free"), CAR, false)).toBe(true);
  expect(passes({ doings: DOINGS, vehicleClass: "van" }, CAR, false)).toBe(false);
  expect(passes(only("ride"), { ...CAR, state: "silent" }, true)).toBe(false);
});

it("what is taken out comes back, and the last one stays", () => {
  const some = toggled(EVERYTHING, "ride");
  expect(some.doings).toEqual(["free", "silent"]);
  expect(isEverything(toggled(some, "ride"))).toBe(true);
  expect(toggled(only("free"), "free")).toEqual(only("free"));
});

it("counts of a cell are those that pass", () => {
  const cell = { vehicles: 41, busy: 17, silent: 3 };
  expect(passing(EVERYTHING, cell)).toBe(41);
  expect(passing(only("ride"), cell)).toBe(17);
  expect(passing(only("free"), cell)).toBe(21);
  expect(passing(only("free", "silent"), cell)).toBe(24);
  // All of them on a ride, and one of those silent.
  expect(passing(only("free"), { vehicles: 5, busy: 5, silent: 1 })).toBe(0);
});
