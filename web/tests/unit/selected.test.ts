import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Rest } from "../../sdk/index.ts";
import type { VehicleMap } from "../../src/map/map.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener() {} }));
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

it("goes to a vehicle that is not on the map once: not after a replay, nor where the address says where to look", async () => {
  const { Selected } = await import("../../src/operator/selected.ts");
  const state = await import("../../src/operator/state.ts");
  state.replay.value = null;
  state.trail.value = false;
  state.selection.value = null;
  const get = async () => ({ vehicle: { id: "a", latitude: 1, longitude: 2 } });
  const come = vi.fn();
  const way = { show: () => {} };
  const view = { trail: way, track: way, come } as unknown as VehicleMap;
  new Selected({ get } as unknown as Rest, view, "a");
  const choose = async (id: string | null) => {
    state.selection.value = id === null ? null : { kind: "vehicle", id };
    await vi.advanceTimersByTimeAsync(0);
  };
  await choose("a");
  expect(come).toHaveBeenCalledTimes(0);
  await choose("b");
  expect(come).toHaveBeenCalledTimes(1);
  const past = { fromMs: 0, toMs: 60_000 };
  state.replay.value = {
    past,
    atMs: 0,
    playing: false,
    speed: 5,
    waiting: false,
    trouble: null,
  };
  await vi.advanceTimersByTimeAsync(0);
  state.replay.value = null;
  await vi.advanceTimersByTimeAsync(0);
  expect(come).toHaveBeenCalledTimes(1);
  await choose(null);
  await choose("b");
  expect(come).toHaveBeenCalledTimes(2);
});
