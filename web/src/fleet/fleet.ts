import type { VehicleId, VehiclesMessage, VehicleUpdate } from "../../sdk/index.ts";
import { appear, type Motion, moveTo, restsAtMs } from "../../sdk/motion.ts";
import { mercatorX, mercatorY, nearestX } from "../map/mercator.ts";
import { type Shape, shapeOf } from "../map/shape.ts";

/** A vehicle on the map. */
export interface Vehicle {
  /** The newest that the service said. */
  update: VehicleUpdate;
  /** In Mercator units. */
  motion: Motion;
  /** By its class. */
  shape: Shape;
  /** Its place in `Fleet.vehicles`. */
  slot: number;
}

/** A pace by which nothing is ever late, ms. */
const HELD_MS = 1e9;

/**
 * The vehicles that the subscription holds, and how they move. Dense, so that
 * a vehicle's slot is its instance on the GPU.
 */
export class Fleet {
  readonly vehicles: Vehicle[] = [];
  /** Told of each vehicle that is to be drawn anew, as soon as something of it changed. */
  onTouched: ((vehicle: Vehicle) => void) | undefined;
  /** False: vehicles jump from fix to fix. */
  glide = true;
  /** How many fixes came. */
  fixes = 0;
  /** Told of each. */
  onFix: ((update: VehicleUpdate) => void) | undefined;
  /** From then on nothing moves unless a fix comes, ms. */
  restsAtMs = 0;
  private readonly byId = new Map<VehicleId, Vehicle>();
  /** Smoothed over all vehicles, ms. */
  private typicalPaceMs: number | undefined;

  get(id: VehicleId): Vehicle | undefined {
    return this.byId.get(id);
  }

  /** The usual time between two fixes of one vehicle, ms. */
  get paceMs(): number | undefined {
    return this.typicalPaceMs;
  }

  /** Something that is not of its fixes changed: it is to be drawn anew. */
  touch(id: VehicleId): void {
    const vehicle = this.byId.get(id);
    if (vehicle) this.onTouched?.(vehicle);
  }

  apply(message: VehiclesMessage, nowMs: number): void {
    if (message.snapshot) {
      const stays = new Set(message.vehicles.map((update) => update.id));
      for (const id of [...this.byId.keys()]) if (!stays.has(id)) this.remove(id);
    }
    // First those that left: a vehicle may be gone and back in one message.
    for (const id of message.left) this.remove(id);
    for (const update of message.vehicles) this.put(update, nowMs, !message.snapshot);
  }

  clear(): void {
    for (const id of [...this.byId.keys()]) this.remove(id);
  }

  /** Forgets all, the pace too: what comes is of another time or of another speed. */
  reset(paceMs?: number): void {
    this.clear();
    this.typicalPaceMs = paceMs;
  }

  /** Everything stands where it is said to be, and nothing fades: time itself stands. */
  hold(nowMs: number): void {
    for (const vehicle of this.vehicles) {
      vehicle.motion = appear(this.fix(vehicle.update), nowMs, HELD_MS);
      this.onTouched?.(vehicle);
    }
    this.restsAtMs = nowMs;
  }

  private put(update: VehicleUpdate, nowMs: number, paced: boolean): void {
    const vehicle = this.byId.get(update.id);
    if (!vehicle) {
      const motion = appear(this.fix(update), nowMs, this.typicalPaceMs);
      const slot = this.vehicles.length;
      const added = { update, motion, shape: shapeOf(update.class), slot };
      this.vehicles.push(added);
      this.byId.set(update.id, added);
      this.changed(added);
      return;
    }
    const { motion } = vehicle;
    // Its own times say what is new, and nothing of the pace.
    if (update.timestamp_ms > vehicle.update.timestamp_ms) {
      const fix = this.fix(update, motion.toX);
      const typicalPaceMs = this.typicalPaceMs;
      moveTo(motion, fix, nowMs, { paced, typicalPaceMs, glide: this.glide });
      this.fixes += 1;
      if (motion.spacings.length > 0) this.learn(motion.paceMs);
      vehicle.update = update;
      this.onFix?.(update);
    } else {
      vehicle.update = { ...vehicle.update, state: update.state };
    }
    this.changed(vehicle);
  }

  private fix(update: VehicleUpdate, nearX?: number): { x: number; y: number; bearing?: number } {
    const x = mercatorX(update.longitude);
    const y = mercatorY(update.latitude);
    const bearing = update.bearing === undefined ? {} : { bearing: update.bearing };
    // Over the antimeridian by the short way.
    return { x: nearX === undefined ? x : nearestX(x, nearX), y, ...bearing };
  }

  private learn(paceMs: number): void {
    const known = this.typicalPaceMs ?? paceMs;
    this.typicalPaceMs = known + (paceMs - known) * 0.05;
  }

  private changed(vehicle: Vehicle): void {
    this.onTouched?.(vehicle);
    this.restsAtMs = Math.max(this.restsAtMs, restsAtMs(vehicle.motion));
  }

  /** The last one moves into the gap. */
  private remove(id: VehicleId): void {
    const gone = this.byId.get(id);
    if (!gone) return;
    this.byId.delete(id);
    const last = this.vehicles.pop();
    if (!last || last === gone) return;
    this.vehicles[gone.slot] = last;
    last.slot = gone.slot;
    this.onTouched?.(last);
  }
}
