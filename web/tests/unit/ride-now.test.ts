import { signal } from "@preact/signals";
import { describe, expect, it, vi } from "vitest";
import type { Eta, Ride } from "../../sdk/index.ts";
import { RideNow } from "../../src/trip/ride-now.ts";

const PLACE = { latitude: 0, longitude: 0 };

function ride(changes: Partial<Ride> = {}): Ride {
  return {
    ride_id: "r1",
    state: "requested",
    version: 1,
    pickup: PLACE,
    dropoff: PLACE,
    requested_at_ms: 1_000,
    ...changes,
  };
}

function eta(toward: Eta["toward"], at_ms: number): Eta {
  return { toward, seconds: 60, distance_m: 500, at_ms };
}

const nowMs = () => 1_000_000;

function now(rides: Ride[] = []) {
  return new RideNow({ fetch: async () => rides, nowMs });
}

describe("the ride that a person has now", () => {
  it("is the newest version, whichever way it came", () => {
    const rides = now();
    rides.take(ride({ version: 3, state: "accepted" }));
    rides.take(ride({ version: 2, state: "offered" }));
    expect(rides.ride.value?.state).toBe("accepted");
  });

  it("is not the old one whose event comes late", () => {
    const rides = now();
    rides.take(ride({ ride_id: "r2", requested_at_ms: 2_000 }));
    rides.take(ride({ version: 9, state: "cancelled" }));
    expect(rides.ride.value?.ride_id).toBe("r2");
  });

  it("is not hidden by another that is not the person's", () => {
    const mine = ({ state }: Ride) => state === "accepted";
    const rides = new RideNow({ fetch: async () => [], nowMs, mine });
    rides.take(ride({ state: "accepted" }));
    rides.take(ride({ ride_id: "r2", requested_at_ms: 2_000 }));
    expect(rides.ride.value?.ride_id).toBe("r1");
    rides.take(ride({ version: 2 }));
    expect(rides.ride.value).toBeUndefined();
  });

  it("comes from the service when the page is opened, the open one first", async () => {
    const open = ride({ state: "accepted" });
    const over = ride({ ride_id: "r2", state: "cancelled", requested_at_ms: 2_000 });
    const rides = now([over, open]);
    expect(rides.known.value).toBe(false);
    await rides.refresh();
    expect(rides.known.value).toBe(true);
    expect(rides.ride.value?.ride_id).toBe("r1");
  });

  it("is none when the last one ended long ago", async () => {
    const ended = (ended_at_ms: number) => now([ride({ state: "cancelled", ended_at_ms })]);
    const [old, recent] = [ended(1_000), ended(900_000)];
    await Promise.all([old.refresh(), recent.refresh()]);
    expect(old.ride.value).toBeUndefined();
    expect(recent.ride.value?.ride_id).toBe("r1");
  });

  it("is none any more when the service has lost it", async () => {
    const rides = now([]);
    rides.take(ride({ state: "accepted" }));
    await rides.refresh();
    expect(rides.ride.value).toBeUndefined();
  });

  it("is asked for again until there is an answer", async () => {
    vi.useFakeTimers();
    const fetch = vi.fn(async () => [ride()]).mockRejectedValueOnce(new Error("offline"));
    const rides = new RideNow({ fetch, nowMs });
    await rides.refresh();
    expect(rides.ride.value).toBeUndefined();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(rides.ride.value?.ride_id).toBe("r1");
    vi.useRealTimers();
  });

  it("stays after its end until it is put away, and the next one shows", () => {
    const dismissed = signal<string | null>(null);
    const rides = new RideNow({ fetch: async () => [], nowMs, dismissed });
    rides.take(ride({ version: 5, state: "completed" }));
    expect(rides.ride.value?.state).toBe("completed");
    rides.dismiss();
    expect(rides.ride.value).toBeUndefined();
    expect(dismissed.value).toBe("r1");
    rides.take(ride({ ride_id: "r2", requested_at_ms: 2_000 }));
    expect(rides.ride.value?.ride_id).toBe("r2");
  });

  it("is gone when it is not the person's any more", () => {
    const rides = new RideNow({
      fetch: async () => [],
      nowMs,
      mine: ({ state }) => state !== "requested",
    });
    rides.take(ride({ version: 2, state: "accepted" }));
    rides.take(ride({ version: 3, state: "requested" }));
    expect(rides.ride.value).toBeUndefined();
  });
});

describe("the estimate", () => {
  it("is the newer one of the ride's own and what was heard on the way", () => {
    const rides = now();
    rides.take(ride({ state: "accepted", eta: eta("pickup", 100) }));
    rides.heard({ ride_id: "r1", eta: eta("pickup", 200) });
    expect(rides.eta.value?.at_ms).toBe(200);
    rides.heard({ ride_id: "r1", eta: eta("pickup", 150) });
    expect(rides.eta.value?.at_ms).toBe(200);
  });

  it("of the way to the pickup says nothing of the dropoff", () => {
    const rides = now();
    rides.take(ride({ state: "accepted", eta: eta("pickup", 100) }));
    rides.heard({ ride_id: "r1", eta: eta("pickup", 900) });
    rides.take(ride({ version: 2, state: "in_progress", eta: eta("dropoff", 500) }));
    expect(rides.eta.value).toEqual(eta("dropoff", 500));
  });

  it("is none while the vehicle waits", () => {
    const rides = now();
    rides.take(ride({ state: "arrived", eta: eta("pickup", 100) }));
    expect(rides.eta.value).toBeUndefined();
  });
});
