import { expect, it } from "vitest";
import { DOINGS, EVERYTHING } from "../../src/fleet/filter.ts";
import { type Address, readAddress, writeAddress } from "../../src/operator/address.ts";

const NOWHERE: Address = {
  view: null,
  selection: null,
  trail: false,
  filter: EVERYTHING,
  past: null,
  momentMs: null,
  show: null,
};

it("says nothing of what is as it always is", () => {
  expect(writeAddress(NOWHERE)).toBe("");
  expect(readAddress("")).toEqual(NOWHERE);
});

it.each<[string, Partial<Address>]>([
  ["?at=43.73840,7.42460,14.25", { view: { latitude: 43.7384, longitude: 7.4246, zoom: 14.25 } }],
  ["?vehicle=a%20%26%20b", { selection: { kind: "vehicle", id: "a & b" } }],
  ["?ride=1a2-3b", { selection: { kind: "ride", id: "1a2-3b" } }],
  ["?vehicle=ana&trail=1", { selection: { kind: "vehicle", id: "ana" }, trail: true }],
  ["?only=free,silent", { filter: { doings: ["free", "silent"], vehicleClass: null } }],
  ["?class=van", { filter: { doings: DOINGS, vehicleClass: "van" } }],
  ["?show=cells", { show: "cells" }],
  [
    "?from=2026-11-27T10:00:00.000Z&to=2026-11-27T10:10:00.000Z",
    { past: { fromMs: Date.UTC(2026, 10, 27, 10), toMs: Date.UTC(2026, 10, 27, 10, 10) } },
  ],
  [
    "?from=2026-11-27T10:00:00.000Z&to=2026-11-27T10:10:00.000Z&moment=2026-11-27T10:04:00.000Z",
    {
      past: { fromMs: Date.UTC(2026, 10, 27, 10), toMs: Date.UTC(2026, 10, 27, 10, 10) },
      momentMs: Date.UTC(2026, 10, 27, 10, 4),
    },
  ],
])("%s is read and written", (search, said) => {
  const address = { ...NOWHERE, ...said };
  expect(readAddress(search)).toEqual(address);
  expect(writeAddress(address)).toBe(search);
});

it.each([
  "?at=43.7",
  "?at=43.7,7.4,",
  "?at=a,b,c",
  "?at=91,7.4,12",
  "?at=43,7,99",
  "?only=all",
  "?from=yesterday&to=now",
  "?from=2026-11-27T10:10:00Z&to=2026-11-27T10:00:00Z",
  "?from=2026-11-27T10:10:00Z",
  "?moment=2026-11-27T10:10:00Z",
  "?show=everything",
  "?vehicle=&ride=&class=",
])("%s, which nobody can mean, is nowhere", (search) => {
  expect(readAddress(search)).toEqual(NOWHERE);
  expect(readAddress(search).filter).toEqual(EVERYTHING);
});
