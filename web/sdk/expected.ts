// Types that the wire is about to have. Once protocol.gen.ts has them, this
// file goes, and its importers take them from there.
import type {
  Channel,
  Ride,
  ServerMessage,
  SubscriptionName,
  Trip,
  VehicleClass,
  VehicleInfo,
  VehicleUpdate,
} from "./protocol.gen.ts";

export type Density = {
  south: number;
  west: number;
  north: number;
  east: number;
  /** Of the map, 0 to 24: decides how large the cells are. */
  zoom: number;
  vehicle_class?: VehicleClass;
};

/** What may be watched. */
export type WatchedChannel = Channel | ({ kind: "density" } & Density);

export type DensityCell = {
  /** The H3 cell, 15 hex digits. */
  cell: string;
  vehicles: number;
  silent: number;
  busy: number;
  /** Its corners, longitude first. Absent: as told when it entered. */
  outline?: Array<[number, number]>;
};

export type DensityMessage = {
  subscription: SubscriptionName;
  snapshot: boolean;
  resolution: number;
  cells: Array<DensityCell>;
  left: Array<string>;
  vehicles: number;
};

/** What the service says. */
export type HeardMessage = ServerMessage | ({ type: "density" } & DensityMessage);

export type Estimate = {
  /** Absent: nobody is free within the search radius. */
  wait_s?: number;
  vehicles: number;
  trip: Trip;
  /** Longitude first. */
  line: Array<[number, number]>;
  by: "osrm" | "roads" | "great_circle";
};

export type Route = {
  toward: "pickup" | "dropoff";
  distance_m: number;
  duration_s: number;
  /** Longitude first. */
  line: Array<[number, number]>;
  by: "osrm" | "roads" | "great_circle";
  at_ms: number;
};

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
