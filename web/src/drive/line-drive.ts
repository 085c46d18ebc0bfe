// A drive along a line, as a GPS would tell it. Pure.
import type { Place } from "../../sdk/index.ts";
import { apartM } from "../map/metres.ts";

const RADIANS = Math.PI / 180;
/** Above this the service takes a vehicle for one that jumped: at 100 m/s. */
const SPEED_MAX = 80;

type Point = Pick<Place, "latitude" | "longitude">;
/** As in GeoJSON: longitude first. */
export type Line = readonly (readonly [longitude: number, latitude: number])[];

/** Where a vehicle is on its way. */
export interface OnTheWay extends Point {
  /** Degrees, of the piece that it is on. Absent: the line has no length. */
  bearing?: number;
}

/** A line to drive along, measured once. */
export class LineDrive {
  readonly metres: number;
  /** Metres from the start to each point. */
  private readonly marks: number[] = [];

  constructor(private readonly line: Line) {
    let metres = 0;
    for (const [index, at] of line.entries()) {
      const before = line[index - 1];
      if (before) metres += apartM(before, at);
      this.marks.push(metres);
    }
    this.metres = metres;
  }

  /** So many metres from the start; nothing before it, nothing beyond the end. */
  at(metres: number): OnTheWay {
    const next = this.marks.findIndex((mark) => mark > metres);
    const to = next < 0 ? this.line.length - 1 : next;
    // Of pieces without length none is driven.
    let from = Math.max(0, to - 1);
    while (from > 0 && this.marks[from] === this.marks[to]) from -= 1;
    const [a, b] = [this.line[from], this.line[to]];
    if (!a || !b) throw new Error("a line has at least one point");
    const [start, end] = [pointOf(a), pointOf(b)];
    const [startM = 0, endM = 0] = [this.marks[from], this.marks[to]];
    if (endM === startM) return end;
    const part = Math.min(1, Math.max(0, (metres - startM) / (endM - startM)));
    return {
      latitude: start.latitude + (end.latitude - start.latitude) * part,
      longitude: start.longitude + (end.longitude - start.longitude) * part,
      bearing: bearingBetween(start, end),
    };
  }
}

/**
 * How fast to drive, m/s.
 *
 * @param usual what the route reckons with, m/s
 * @param times how often faster
 */
export function driveSpeed(usual: number, times: number): number {
  return Math.min(SPEED_MAX, usual * times);
}

/** Degrees clockwise from north; for pieces of a street the earth is flat. */
export function bearingBetween(a: Point, b: Point): number {
  const east = (b.longitude - a.longitude) * Math.cos(a.latitude * RADIANS);
  const north = b.latitude - a.latitude;
  return (Math.atan2(east, north) / RADIANS + 360) % 360;
}

function pointOf([longitude, latitude]: readonly [number, number]): Point {
  return { latitude, longitude };
}
