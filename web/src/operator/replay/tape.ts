// What was fetched of the past: the fixes of vehicles in one area, from a
// moment to a moment. Pure.
import type { History, VehicleId, VehiclesMessage, VehicleUpdate } from "../../../sdk/index.ts";

/** Longer without a fix, and a vehicle was not heard or was elsewhere, ms. */
const GONE_MS = 20_000;

type Columns = History["vehicles"][number];

interface Strip extends Columns {
  /** The fix that was played last; −1: none. */
  played: number;
  shown: boolean;
}

export class Tape {
  /** Everything from here to before `toMs` is on it, ms since the Unix epoch. */
  fromMs: number;
  toMs: number;
  private readonly strips = new Map<VehicleId, Strip>();

  constructor(atMs: number) {
    this.fromMs = atMs;
    this.toMs = atMs;
  }

  /** How many fixes it holds. */
  get fixes(): number {
    let sum = 0;
    for (const { times_ms } of this.strips.values()) sum += times_ms.length;
    return sum;
  }

  /** The answer to what was asked from `toMs` on. */
  append(history: History): void {
    for (const columns of history.vehicles) {
      const strip = this.strips.get(columns.id);
      if (!strip) {
        this.strips.set(columns.id, { ...columns, played: -1, shown: false });
        continue;
      }
      const last = strip.times_ms.at(-1) ?? Number.NEGATIVE_INFINITY;
      const first = columns.times_ms.findIndex((time) => time > last);
      if (first < 0) continue;
      strip.class = columns.class;
      strip.times_ms = strip.times_ms.concat(columns.times_ms.slice(first));
      strip.line = strip.line.concat(columns.line.slice(first));
      strip.busy = strip.busy.concat(columns.busy.slice(first));
    }
    this.toMs = history.to_ms;
  }

  /** Forgets what is older, less what is shown of it. */
  dropBefore(ms: number): void {
    if (ms <= this.fromMs) return;
    this.fromMs = ms;
    for (const [id, strip] of this.strips) {
      const found = strip.times_ms.findIndex((time) => time >= ms);
      if (found < 0 && !strip.shown) {
        this.strips.delete(id);
        continue;
      }
      const older = found < 0 ? strip.times_ms.length : found;
      // With the one before, from which its bearing comes.
      const cut = Math.min(older, Math.max(0, strip.played - 1));
      if (cut === 0) continue;
      strip.times_ms = strip.times_ms.slice(cut);
      strip.line = strip.line.slice(cut);
      strip.busy = strip.busy.slice(cut);
      strip.played -= cut;
    }
  }

  /** All as they were at a moment, whatever was played before. */
  snapshot(atMs: number): VehiclesMessage {
    for (const strip of this.strips.values()) {
      strip.played = -1;
      strip.shown = false;
    }
    return { ...this.play(atMs), snapshot: true, left: [] };
  }

  /** What came since it was played last, up to a moment. */
  play(atMs: number): VehiclesMessage {
    const vehicles: VehicleUpdate[] = [];
    const left: VehicleId[] = [];
    for (const strip of this.strips.values()) {
      const before = strip.played;
      const { times_ms } = strip;
      while ((times_ms[strip.played + 1] ?? Number.POSITIVE_INFINITY) <= atMs) strip.played += 1;
      const heardMs = times_ms[strip.played] ?? Number.NEGATIVE_INFINITY;
      if (atMs - heardMs > GONE_MS) {
        if (strip.shown) left.push(strip.id);
        strip.shown = false;
      } else if (strip.played > before) {
        vehicles.push(update(strip));
        strip.shown = true;
      }
    }
    return { subscription: "", snapshot: false, vehicles, left };
  }

  /** Whether the vehicle drove a ride at the moment that was played last. */
  isBusy(id: VehicleId): boolean {
    const strip = this.strips.get(id);
    return strip?.busy[strip.played] === 1;
  }
}

function update({ id, class: vehicleClass, times_ms, line, played }: Strip): VehicleUpdate {
  const [longitude, latitude] = line[played] ?? [0, 0];
  const turned = bearing(line[played - 1], line[played]);
  return {
    id,
    latitude,
    longitude,
    timestamp_ms: times_ms[played] ?? 0,
    class: vehicleClass,
    state: "online",
    ...(turned !== undefined && { bearing: turned }),
  };
}

/** Of the way from fix to fix, degrees; nothing where it hardly moved. */
function bearing(
  from: readonly number[] | undefined,
  to: readonly number[] | undefined,
): number | undefined {
  if (!from || !to) return undefined;
  const north = (to[1] ?? 0) - (from[1] ?? 0);
  const east = ((to[0] ?? 0) - (from[0] ?? 0)) * Math.cos(((to[1] ?? 0) * Math.PI) / 180);
  // About two metres.
  if (Math.hypot(north, east) < 2e-5) return undefined;
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}
