import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Rest } from "../../sdk/index.ts";
import type { VehicleMap } from "../../src/map/map.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  vi.stubGlobal("document", { hidden: false, documentElement: {} });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("asks once for the card and the trail of a moment, however often a replay ticks", async () => {
  const { Selected } = await import("../../src/operator/selected.ts");
  const state = await import("../../src/operator/state.ts");
  const get = vi.fn(async () => ({ vehicles: [] }));
  const way = { show: () => {} };
  const view = { trail: way, track: way, come: () => {} } as unknown as VehicleMap;
  new Selected({ get } as unknown as Rest, view);
  const past = { fromMs: 0, toMs: 60_000 };
  const replay = { past, playing: true, speed: 5 as const, waiting: false, trouble: null };
  state.replay.value = { ...replay, atMs: 0 };
  state.selection.value = { kind: "vehicle", id: "a" };
  state.trail.value = true;
  await vi.advanceTimersByTimeAsync(0);
  for (let atMs = 500; atMs < 5_000; atMs += 500) state.replay.value = { ...replay, atMs };
  expect(get.mock.calls.map(([path]: unknown[]) => path)).toEqual([
    "v1/vehicles/a",
    "v1/vehicles/a/trail",
  ]);
});
