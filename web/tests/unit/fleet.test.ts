import { describe, expect, it } from "vitest";
import type { VehicleUpdate } from "../../sdk/index.ts";
import { Fleet } from "../../src/fleet/fleet.ts";

function update(id: string, timestamp_ms: number, more: Partial<VehicleUpdate> = {}) {
  const place = { latitude: -34.9, longitude: -56.2 };
  return { id, timestamp_ms, class: "car", state: "online" as const, ...place, ...more };
}

function message(vehicles: VehicleUpdate[], left: string[] = [], snapshot = false) {
  return { subscription: "map", snapshot, vehicles, left };
}

/** The slots that are to be drawn anew from now on. */
function touched(fleet: Fleet): number[] {
  const slots: number[] = [];
  fleet.onTouched = ({ slot }) => slots.push(slot);
  return slots;
}

function ids(fleet: Fleet): string[] {
  return fleet.vehicles.map((vehicle) => vehicle.update.id).sort();
}

describe("Fleet", () => {
  it("holds what the snapshot and the changes after it say", () => {
    const fleet = new Fleet();
    fleet.apply(message([update("a", 1), update("b", 1), update("c", 1)], [], true), 0);
    fleet.apply(message([update("d", 2)], ["a", "c"]), 10);
    expect(ids(fleet)).toEqual(["b", "d"]);
    fleet.apply(message([update("d", 3), update("e", 3)], [], true), 20);
    expect(ids(fleet)).toEqual(["d", "e"]);
    fleet.clear();
    expect(ids(fleet)).toEqual([]);
  });

  it("has a vehicle drawn anew when asked, if it is there", () => {
    const fleet = new Fleet();
    fleet.apply(message([update("a", 1), update("b", 1)], [], true), 0);
    const slots = touched(fleet);
    fleet.touch("b");
    fleet.touch("elsewhere");
    expect(slots).toEqual([1]);
  });

  it("takes a vehicle that is gone and back in one message for a new one", () => {
    const fleet = new Fleet();
    fleet.apply(message([update("a", 100, { latitude: 1 })], [], true), 0);
    // Its clock was set back in between: an older time than the one before.
    fleet.apply(message([update("a", 50, { latitude: 2 })], ["a"]), 10);
    expect(fleet.get("a")).toMatchObject({ update: { latitude: 2 }, motion: { fixes: 1 } });
  });

  it("keeps slots dense, and tells which changed", () => {
    const fleet = new Fleet();
    fleet.apply(
      message(
        ["a", "b", "c", "d"].map((id) => update(id, 1)),
        [],
        true,
      ),
      0,
    );
    const slots = touched(fleet);
    fleet.apply(message([], ["b"]), 10);
    expect(fleet.vehicles.map((vehicle) => vehicle.slot)).toEqual([0, 1, 2]);
    // The last one took the gap.
    expect(fleet.vehicles[1]?.update.id).toBe("d");
    expect(slots).toEqual([1]);
    for (const vehicle of fleet.vehicles) expect(fleet.get(vehicle.update.id)).toBe(vehicle);
  });

  it("never goes back to an older position, but takes the state", () => {
    const fleet = new Fleet();
    fleet.apply(message([update("a", 100, { latitude: 1 })], [], true), 0);
    fleet.apply(message([update("a", 90, { latitude: 2, state: "silent" })]), 10);
    expect(fleet.get("a")?.update).toMatchObject({
      latitude: 1,
      timestamp_ms: 100,
      state: "silent",
    });
    expect(fleet.fixes).toBe(0);
  });

  it("paces by arrivals, whatever the positions' own times say", () => {
    const fleet = new Fleet();
    // A replay at twenty times the speed, hours old: a minute of its time in three seconds.
    for (let i = 0; i < 6; i++) {
      const fix = update("a", i * 60_000, { longitude: i / 1000 });
      fleet.apply(message([fix], [], i === 0), i * 3_000);
    }
    expect(fleet.get("a")?.motion.durationMs).toBe(3_000);
    expect(fleet.paceMs).toBe(3_000);
    expect(fleet.fixes).toBe(5);
  });

  it("crosses the antimeridian by the short way", () => {
    const fleet = new Fleet();
    fleet.apply(message([update("a", 1, { longitude: 179.9 })], [], true), 0);
    fleet.apply(message([update("a", 2, { longitude: -179.9 })]), 1_000);
    const { fromX, toX } = fleet.get("a")?.motion ?? { fromX: 0, toX: 9 };
    expect(toX - fromX).toBeCloseTo(0.2 / 360, 9);
  });
});
