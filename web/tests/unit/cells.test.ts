import { beforeEach, describe, expect, it } from "vitest";
import type { DensityCell, DensityMessage } from "../../sdk/index.ts";
import { Cells } from "../../src/fleet/cells.ts";
import { EVERYTHING } from "../../src/fleet/filter.ts";
import { cellSteps, SHADES, shadeOf, steadyTop } from "../../src/map/cell-scale.ts";
import { type Seen, whatToShow } from "../../src/operator/city.ts";

const OUTLINE: [number, number][] = [
  [7.4, 43.7],
  [7.5, 43.7],
  [7.45, 43.8],
];

let cells: Cells;

beforeEach(() => {
  cells = new Cells();
});

function tell(told: DensityCell[], more: Partial<DensityMessage> = {}): void {
  const vehicles = told.reduce((sum, cell) => sum + cell.vehicles, 0);
  const base = { subscription: "c", snapshot: false, resolution: 7, left: [], vehicles };
  cells.apply({ ...base, cells: told, ...more });
}

describe("cells", () => {
  it("keep their outline, which is told once", () => {
    tell([{ cell: "a", vehicles: 4, silent: 1, busy: 1, outline: OUTLINE }], { snapshot: true });
    tell([{ cell: "a", vehicles: 5, silent: 0, busy: 2 }]);
    expect(cells.shown(EVERYTHING)).toEqual([
      { id: "a", count: 5, cell: { vehicles: 5, silent: 0, busy: 2, outline: OUTLINE } },
    ]);
    const here = { south: 43.7, west: 7.4, north: 43.8, east: 7.5 };
    expect(cells.inside(here).map(({ vehicles }) => vehicles)).toEqual([5]);
    // The map went around the world.
    expect(cells.inside({ ...here, west: 367.4, east: 367.5 })).toHaveLength(1);
    expect(cells.inside({ ...here, west: 7.5, east: 7.6 })).toEqual([]);
  });

  it("leave, and are replaced by a snapshot", () => {
    const cell = { vehicles: 1, silent: 0, busy: 0, outline: OUTLINE };
    tell(
      ["a", "b", "c"].map((id) => ({ cell: id, ...cell })),
      { snapshot: true },
    );
    tell([], { left: ["b"], vehicles: 2 });
    expect(cells.size).toBe(2);
    expect(cells.total).toBe(2);
    tell([{ cell: "d", ...cell }], { snapshot: true });
    expect(cells.shown(EVERYTHING).map(({ id }) => id)).toEqual(["d"]);
  });

  it("without anybody who passes the filter are not shown", () => {
    tell([{ cell: "a", vehicles: 4, silent: 0, busy: 4, outline: OUTLINE }]);
    expect(cells.shown({ doings: ["free"], vehicleClass: null })).toEqual([]);
  });
});

describe("the scale", () => {
  it.each([1, 2, 3, 8, 50, 1_000, 30_000])("of at most %i goes up in said numbers", (most) => {
    const steps = cellSteps(most);
    expect(steps[0]).toBe(1);
    expect(steps.length).toBeLessThanOrEqual(SHADES);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeLessThanOrEqual(most);
    for (const step of steps) expect(String(step)).toMatch(/^[12357]0*$/);
  });

  it("gives each count the shade of the last step that it reaches", () => {
    const steps = [1, 3, 10, 30];
    expect([1, 2, 3, 9, 10, 500].map((count) => shadeOf(count, steps))).toEqual([0, 0, 1, 1, 2, 3]);
  });

  it("stays while the fullest cell changes little", () => {
    const top = steadyTop(0, 100);
    expect(top).toBe(128);
    expect(steadyTop(top, 127)).toBe(top);
    expect(steadyTop(top, 60)).toBe(top);
    expect(steadyTop(top, 129)).toBe(256);
    expect(steadyTop(top, 20)).toBe(32);
  });
});

describe("what to show", () => {
  const FAR: Seen = {
    zoom: 11,
    total: null,
    dotsRefused: false,
    cellsRefused: false,
    forced: null,
    shown: null,
  };

  it("near by are vehicles, from far what the numbers say", () => {
    expect(whatToShow({ ...FAR, zoom: 13, total: 9_000 })).toBe("dots");
    expect(whatToShow(FAR)).toBeNull();
    expect(whatToShow({ ...FAR, total: 300 })).toBe("dots");
    expect(whatToShow({ ...FAR, total: 2_001 })).toBe("cells");
  });

  it("does not go to and fro", () => {
    expect(whatToShow({ ...FAR, total: 1_900, shown: "cells" })).toBe("cells");
    expect(whatToShow({ ...FAR, total: 1_900, shown: "dots" })).toBe("dots");
    expect(whatToShow({ ...FAR, total: 1_400, shown: "cells" })).toBe("dots");
  });

  it("is what the service gives, and what the address says before all", () => {
    expect(whatToShow({ ...FAR, total: 30, dotsRefused: true })).toBe("cells");
    expect(whatToShow({ ...FAR, cellsRefused: true })).toBe("dots");
    expect(whatToShow({ ...FAR, total: 9_000, forced: "dots" })).toBe("dots");
    expect(whatToShow({ ...FAR, zoom: 18, forced: "cells" })).toBe("cells");
  });
});
