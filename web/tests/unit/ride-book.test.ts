import { beforeEach, expect, it } from "vitest";
import type { Ride, RideState, VehicleId } from "../../sdk/index.ts";
import { RideBook } from "../../src/fleet/ride-book.ts";

const PLACE = { latitude: 43.7, longitude: 7.4 };

function ride(ride_id: string, state: RideState, version: number, vehicle?: VehicleId): Ride {
  const driver = vehicle && { driver: { id: vehicle, vehicle: { class: "car" } } };
  const ends = { pickup: PLACE, dropoff: PLACE };
  return { ride_id, state, version, requested_at_ms: 1, ...ends, ...driver };
}

let book: RideBook;
let changes: VehicleId[];

beforeEach(() => {
  book = new RideBook();
  changes = [];
  book.onChange = (vehicle) => changes.push(vehicle);
});

it("a vehicle has its ride from acceptance to the end", () => {
  book.take(ride("r", "requested", 1));
  book.take(ride("r", "offered", 2));
  expect(changes).toEqual([]);
  for (const [index, state] of (["accepted", "arrived", "in_progress"] as const).entries()) {
    book.take(ride("r", state, 3 + index, "v"));
    expect(book.of("v")?.state).toBe(state);
  }
  // Operators are told who drove it for good.
  book.take(ride("r", "completed", 6, "v"));
  expect(book.of("v")).toBeUndefined();
  expect(new Set(changes)).toEqual(new Set(["v"]));
});

it("a ride that is taken from its driver leaves the vehicle, and goes to the next", () => {
  book.take(ride("r", "accepted", 3, "v"));
  book.take(ride("r", "requested", 4));
  expect(book.of("v")).toBeUndefined();
  book.take(ride("r", "accepted", 6, "w"));
  expect(book.of("w")?.ride_id).toBe("r");
  expect(changes).toEqual(["v", "v", "w"]);
});

it("the end of a ride does not take the vehicle's next one away", () => {
  book.take(ride("r", "in_progress", 5, "v"));
  book.take(ride("s", "accepted", 3, "v"));
  book.take(ride("r", "completed", 6, "v"));
  expect(book.of("v")?.ride_id).toBe("s");
});

it("an answer tells all that is driven, and forgets what is not", () => {
  book.take(ride("r", "accepted", 3, "v"));
  book.take(ride("s", "accepted", 3, "w"));
  book.expect();
  // In two lists: it moved on between the two questions.
  book.fetched([
    ride("s", "in_progress", 5, "w"),
    ride("s", "accepted", 3, "w"),
    ride("t", "arrived", 4, "x"),
  ]);
  expect(["v", "w", "x"].map((id) => book.of(id)?.state)).toEqual([
    undefined,
    "in_progress",
    "arrived",
  ]);
});

it("an answer does not undo what an event told meanwhile", () => {
  book.take(ride("r", "in_progress", 5, "v"));
  book.expect();
  book.take(ride("r", "completed", 6, "v"));
  book.take(ride("s", "accepted", 3, "w"));
  book.fetched([ride("r", "in_progress", 5, "v")]);
  expect(book.of("v")).toBeUndefined();
  expect(book.of("w")?.ride_id).toBe("s");
});

it("no answer changes nothing", () => {
  book.take(ride("r", "in_progress", 5, "v"));
  book.expect();
  book.fetched(null);
  expect(book.of("v")?.ride_id).toBe("r");
});
