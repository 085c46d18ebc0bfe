import type { Vehicle } from "../fleet/fleet.ts";
import { mercatorX, mercatorY, nearestX } from "./mercator.ts";
import { FLAG_BEARING, FLAG_SILENT, INSTANCE_FLOATS, SHAPE_SHIFT } from "./shaders.ts";
import { SHAPES } from "./shape.ts";

/** Float32 has 24 bits: within this distance of the anchor they mean 5 mm or better. */
const ANCHOR_REACH = 0.002;
/** As for places: so long after the base, times are still right to 0.2 ms. */
const TIME_REACH_MS = 30 * 60_000;
const FIRST_CAPACITY = 256;

/**
 * What the GPU is told of the vehicles: the instance of each is its slot.
 * Written when something of a vehicle changes, so that a frame has only to
 * pass on what is new.
 */
export class Instances {
  /** Places are told from here, Mercator units. */
  anchorX = 0;
  anchorY = 0;
  /** And times from then on, ms of `performance.now()`. */
  baseMs = 0;
  private data = new Float32Array(FIRST_CAPACITY * INSTANCE_FLOATS);
  /** All are to be written anew. */
  private stale = true;
  /** The buffer on the GPU is another, or too small. */
  private moved = true;
  /** The slots that the GPU was not told of yet: from, and up to without. */
  private from = Number.POSITIVE_INFINITY;
  private to = 0;

  constructor(
    private readonly vehicles: readonly Vehicle[],
    /** The flags that are not of the vehicle itself. */
    private readonly flags: (vehicle: Vehicle) => number,
  ) {}

  /** Something changed that is said of many vehicles. */
  invalidate(): void {
    this.stale = true;
  }

  /** The buffer that is filled from now on is empty. */
  restart(): void {
    this.moved = true;
  }

  /** Something of this vehicle changed. */
  touch(vehicle: Vehicle): void {
    if (this.stale) return;
    this.write(vehicle);
  }

  /** Before a frame: `upload` must follow. */
  anchor(centre: { lng: number; lat: number }, nowMs: number): void {
    const x = mercatorX(centre.lng);
    const y = mercatorY(centre.lat);
    const near = Math.max(Math.abs(x - this.anchorX), Math.abs(y - this.anchorY)) < ANCHOR_REACH;
    if (near && nowMs - this.baseMs < TIME_REACH_MS && !this.stale) return;
    this.anchorX = x;
    this.anchorY = y;
    this.baseMs = nowMs;
    for (const vehicle of this.vehicles) this.write(vehicle);
    this.stale = false;
  }

  /** Tells the buffer that is bound what is new. */
  upload(gl: WebGL2RenderingContext): void {
    if (this.moved) {
      gl.bufferData(gl.ARRAY_BUFFER, this.data, gl.DYNAMIC_DRAW);
    } else if (this.to > this.from) {
      const at = this.from * INSTANCE_FLOATS;
      const count = (this.to - this.from) * INSTANCE_FLOATS;
      gl.bufferSubData(gl.ARRAY_BUFFER, at * this.data.BYTES_PER_ELEMENT, this.data, at, count);
    }
    this.moved = false;
    this.from = Number.POSITIVE_INFINITY;
    this.to = 0;
  }

  private write(vehicle: Vehicle): void {
    const { motion, update, shape, slot } = vehicle;
    const at = slot * INSTANCE_FLOATS;
    if (at >= this.data.length) this.grow(slot);
    const { data, anchorX, anchorY } = this;
    // On this side of the world, whichever copy of it the map shows.
    const toX = nearestX(motion.toX, anchorX) - anchorX;
    data[at] = toX + (motion.fromX - motion.toX);
    data[at + 1] = motion.fromY - anchorY;
    data[at + 2] = toX;
    data[at + 3] = motion.toY - anchorY;
    data[at + 4] = motion.startMs - this.baseMs;
    data[at + 5] = motion.durationMs;
    data[at + 6] = motion.paceMs;
    const directed = !Number.isNaN(motion.toBearing);
    data[at + 7] = directed ? motion.fromBearing : 0;
    data[at + 8] = directed ? motion.toBearing : 0;
    data[at + 9] =
      (update.state === "silent" ? FLAG_SILENT : 0) |
      (directed ? FLAG_BEARING : 0) |
      (SHAPES.indexOf(shape) << SHAPE_SHIFT) |
      this.flags(vehicle);
    this.from = Math.min(this.from, slot);
    this.to = Math.max(this.to, slot + 1);
  }

  private grow(slot: number): void {
    const bigger = new Float32Array(2 ** Math.ceil(Math.log2(slot + 1)) * INSTANCE_FLOATS);
    bigger.set(this.data);
    this.data = bigger;
    this.moved = true;
  }
}
