// Types that the wire is about to have. Once protocol.gen.ts has them, this
// file goes, and its importers take them from there.
import type { Ride, VehicleClass, VehicleInfo, VehicleUpdate } from "../../sdk/index.ts";

export type Trail = {
  id: string;
  class: VehicleClass;
  times_ms: Array<number>;
  /** Longitude first. */
  line: Array<[number, number]>;
  /** 1: a ride had taken it. */
  busy: Array<number>;
};

export type History = {
  from_ms: number;
  /** Everything before it is told: ask on from here. */
  to_ms: number;
  kept_from_ms: number;
  every_ms: number;
  vehicles: Array<Trail>;
};

export type VehicleCard = { vehicle: VehicleUpdate; info: VehicleInfo; ride?: Ride };

export type Found = { vehicles: Array<VehicleCard>; rides: Array<Ride> };
