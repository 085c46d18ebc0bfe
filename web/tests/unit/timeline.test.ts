import { expect, it } from "vitest";
import type { Ride } from "../../sdk/index.ts";
import { timeline } from "../../src/operator/timeline.ts";

const PLACE = { latitude: 43.7, longitude: 7.4 };
const RIDE: Ride = {
  ride_id: "r",
  state: "requested",
  version: 1,
  pickup: PLACE,
  dropoff: PLACE,
  requested_at_ms: 1_000,
};
const steps = (ride: Partial<Ride>) =>
  timeline({ ...RIDE, ...ride }).map(({ what, when }) => `${what} ${when}`);

it("a ride has its past, its now and what is ahead", () => {
  expect(steps({})).toEqual([
    "requested now",
    "offered ahead",
    "accepted ahead",
    "arrived ahead",
    "started ahead",
    "completed ahead",
  ]);
  expect(steps({ state: "arrived", accepted_at_ms: 9_000, arrived_at_ms: 60_000 })).toEqual([
    "requested past",
    "offered past",
    "accepted past",
    "arrived now",
    "started ahead",
    "completed ahead",
  ]);
});

it("says how long each step took after the last whose time is known", () => {
  const ride: Ride = {
    ...RIDE,
    state: "completed",
    accepted_at_ms: 5_000,
    arrived_at_ms: 65_000,
    started_at_ms: 95_000,
    ended_at_ms: 395_000,
  };
  expect(timeline(ride).map(({ tookMs }) => tookMs)).toEqual([
    undefined,
    undefined,
    4_000,
    60_000,
    30_000,
    300_000,
  ]);
});

it("one that ended early has nothing ahead of it", () => {
  expect(steps({ state: "cancelled", ended_at_ms: 5_000 })).toEqual([
    "requested past",
    "cancelled now",
  ]);
  expect(steps({ state: "cancelled", accepted_at_ms: 3_000, ended_at_ms: 5_000 })).toEqual([
    "requested past",
    "offered past",
    "accepted past",
    "cancelled now",
  ]);
  expect(steps({ state: "expired", ended_at_ms: 5_000 })).toEqual([
    "requested past",
    "expired now",
  ]);
});
