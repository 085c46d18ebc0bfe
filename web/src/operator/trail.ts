// The last minutes of one vehicle's way. Pure.
import type { History, VehicleUpdate } from "../../sdk/index.ts";

/** So much of the way is drawn, ms. */
export const TRAIL_MS = 10 * 60_000;

/** After a longer silence the vehicle may have come by any way, ms. */
const GAP_MS = 60_000;

export class Trail {
  private times: number[] = [];
  private places: [number, number][] = [];

  /** What was kept, before what came since. */
  begin(history: History): void {
    const [columns] = history.vehicles;
    if (!columns) return;
    const first = this.times[0] ?? Number.POSITIVE_INFINITY;
    const older = columns.times_ms.filter((time) => time < first).length;
    this.times = columns.times_ms.slice(0, older).concat(this.times);
    this.places = columns.line
      .slice(0, older)
      .map(([longitude, latitude]): [number, number] => [longitude, latitude])
      .concat(this.places);
  }

  /** A fix that came. True: the line is another one now. */
  add({ timestamp_ms, longitude, latitude }: VehicleUpdate): boolean {
    if (timestamp_ms <= (this.times.at(-1) ?? Number.NEGATIVE_INFINITY)) return false;
    this.times.push(timestamp_ms);
    this.places.push([longitude, latitude]);
    const old = this.times.findIndex((time) => time >= timestamp_ms - TRAIL_MS);
    this.times.splice(0, old);
    this.places.splice(0, old);
    return true;
  }

  /** False: between the line and this fix lies a part of the way that is not known. */
  goesOnWith({ timestamp_ms }: VehicleUpdate): boolean {
    const last = this.times.at(-1);
    return last === undefined || (timestamp_ms > last && timestamp_ms <= last + GAP_MS);
  }

  get line(): [number, number][] {
    return [...this.places];
  }
}
