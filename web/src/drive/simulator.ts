import type { Place, Route } from "../../sdk/index.ts";
import type { Fix } from "./fix.ts";
import { driveSpeed, LineDrive, type OnTheWay } from "./line-drive.ts";

/** As a GPS: once a second. */
const PERIOD_MS = 1_000;
/** A standing vehicle says so every so many periods, well within the 15 s after which it counts as silent. */
const STANDING_PERIODS = 3;
/** Of a way that takes no time. */
const USUAL_SPEED = 8;
const ACCURACY_M = 5;

type Point = Pick<Place, "latitude" | "longitude">;

/** How many times faster than the route reckons the made-up vehicle drives. */
export const TIMES = [1, 3, 10] as const;
export type Times = (typeof TIMES)[number];

/**
 * A made-up vehicle: it stands where it was put, or drives along a route and
 * stands at its end.
 */
export class Simulator {
  times: Times = 1;
  private drive: { line: LineDrive; metres: number; usual: number } | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private periods = 0;
  private tickedMs = 0;

  constructor(
    private place: Point,
    private readonly onFix: (fix: Fix) => void,
  ) {}

  get at(): Point {
    return this.place;
  }

  /** False: it stands. */
  get driving(): boolean {
    return this.drive !== undefined;
  }

  start(): void {
    this.stop();
    this.periods = 0;
    this.tickedMs = performance.now();
    this.timer = setInterval(() => this.tick(), PERIOD_MS);
    this.tell({ ...this.place }, 0);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Puts it somewhere else, where it stands. */
  put(place: Point): void {
    this.drive = undefined;
    this.place = place;
  }

  /** From where it is along the route to its end. */
  follow({
    line,
    distance_m,
    duration_s,
  }: Pick<Route, "line" | "distance_m" | "duration_s">): void {
    const { longitude, latitude } = this.place;
    const usual = duration_s > 0 && distance_m > 0 ? distance_m / duration_s : USUAL_SPEED;
    // To the route's start, which is on the nearest street.
    this.drive = { line: new LineDrive([[longitude, latitude], ...line]), metres: 0, usual };
  }

  /** Stands from now on. */
  stand(): void {
    this.drive = undefined;
  }

  private tick(): void {
    const { drive } = this;
    this.periods += 1;
    // Not the period: hidden pages are called less often.
    const seconds = (performance.now() - this.tickedMs) / 1_000;
    this.tickedMs += seconds * 1_000;
    if (!drive) {
      if (this.periods % STANDING_PERIODS === 0) this.tell({ ...this.place }, 0);
      return;
    }
    const speed = driveSpeed(drive.usual, this.times);
    drive.metres += speed * seconds;
    const at = drive.line.at(drive.metres);
    this.place = { latitude: at.latitude, longitude: at.longitude };
    if (drive.metres >= drive.line.metres) this.drive = undefined;
    this.tell(at, this.drive ? speed : 0);
  }

  private tell({ latitude, longitude, bearing }: OnTheWay, speed: number): void {
    const heading = bearing ?? null;
    const coords = { latitude, longitude, accuracy: ACCURACY_M, heading, speed };
    this.onFix({ coords, timestamp: Date.now() });
  }
}
