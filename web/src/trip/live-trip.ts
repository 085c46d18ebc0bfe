import type { Place, Ride, Route, Toward } from "../../sdk/index.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import { isOver } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import type { Line } from "../map/trip-layer.ts";
import { RouteLine } from "./route-line.ts";

/** A route that could not be had is asked for again after this, ms. */
const AGAIN_MS = 4_000;
/** Between two moves of the map to keep the vehicle in sight, ms. */
const FIT_PERIOD_MS = 4_000;

/**
 * A ride on the map: its ends, the line that shortens, its vehicle, and the map
 * turned to what matters, until a hand moves it.
 */
export class LiveTrip {
  private ride: Ride | undefined;
  /** What the route was asked for; another one is asked for when it changes. */
  private stage = "";
  private readonly line = new RouteLine(() => void this.ask());
  private toward: Toward | undefined;
  /** How much was known when the map was turned last: its ends, its way, its vehicle. */
  private fitted = 0;
  private fittedMs = Number.NEGATIVE_INFINITY;
  /** Nobody has moved the map by hand since the stage began. */
  private steers = true;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly view: VehicleMap,
    private readonly fleet: Fleet,
    /** Asks the service for the way that lies before the ride. */
    private readonly route: (ride: Ride) => Promise<Route>,
  ) {
    const { map } = view;
    const byHand = () => {
      this.steers = false;
    };
    map.on("dragstart", byHand);
    map.on("zoomstart", ({ originalEvent }) => {
      if (originalEvent) byHand();
    });
  }

  /** The vehicle of the ride; nothing: none is assigned, or it is not heard. */
  get vehicle(): Vehicle | undefined {
    const id = this.ride?.driver?.id;
    return id === undefined ? undefined : this.fleet.get(id);
  }

  /** The ride as it is now; nothing: none is shown. */
  show(ride: Ride | undefined): void {
    this.ride = ride;
    const stage = ride ? stageOf(ride) : "";
    if (stage === this.stage) return;
    this.stage = stage;
    this.steers = true;
    this.fitted = 0;
    this.fittedMs = Number.NEGATIVE_INFINITY;
    this.line.clear();
    this.toward = undefined;
    clearTimeout(this.timer);
    if (!ride) {
      this.view.showTrip(undefined);
      return;
    }
    if (isOver(ride)) {
      this.draw([]);
      this.view.fit([spotOf(ride.pickup), spotOf(ride.dropoff)]);
      return;
    }
    void this.ask();
    this.tick();
  }

  /** The way that was driven, once the ride is over. */
  showTrack(line: Line): void {
    if (this.ride && isOver(this.ride)) this.draw(line);
  }

  /** Turns the map to the ride again. */
  centre(): void {
    this.steers = true;
    this.fitted = 0;
    this.fittedMs = Number.NEGATIVE_INFINITY;
    this.tick();
  }

  /** Draws what has moved; to be called some times in a second. */
  tick(): void {
    const { ride, vehicle } = this;
    if (!ride || isOver(ride)) return;
    const nowMs = performance.now();
    const place = vehicle && this.view.place(vehicle, nowMs);
    // The line to the other end, while the one to this end is under way, would mislead.
    const leads = this.toward === nextEnd(ride);
    const driven = ride.state === "accepted" || ride.state === "in_progress";
    const line = place && driven && leads ? this.line.follow(place, nowMs) : this.line.ahead();
    this.draw(line);
    this.steer(ride, place, nowMs);
  }

  private draw(line: Line): void {
    const { ride } = this;
    if (!ride) return;
    const { pickup, dropoff, state } = ride;
    const aboard = state === "in_progress";
    this.view.showTrip({ pickup: aboard ? undefined : pickup, dropoff, line });
  }

  private steer(ride: Ride, place: [number, number] | undefined, nowMs: number): void {
    if (!this.steers) return;
    const places = [place ?? spotOf(ride.pickup), spotOf(ride[nextEnd(ride)])];
    const ahead = this.line.ahead();
    const known = 1 + Number(ahead.length > 0) + Number(place !== undefined);
    const soon = nowMs - this.fittedMs < FIT_PERIOD_MS;
    if (known <= this.fitted && (soon || places.every((one) => this.view.inSight(one)))) return;
    this.view.fit([...places, ...ahead]);
    this.fittedMs = nowMs;
    this.fitted = Math.max(known, this.fitted);
  }

  private async ask(): Promise<void> {
    const { ride, stage } = this;
    if (!ride) return;
    clearTimeout(this.timer);
    try {
      const { line, toward } = await this.route(ride);
      if (stage !== this.stage) return;
      this.toward = toward;
      this.line.take(line);
      this.tick();
    } catch {
      // The ends alone are shown until there is one.
      if (stage === this.stage) this.timer = setTimeout(() => void this.ask(), AGAIN_MS);
    }
  }
}

function spotOf({ longitude, latitude }: Place): [number, number] {
  return [longitude, latitude];
}

/** Where the ride, or its vehicle, goes next. */
function nextEnd({ state }: Ride): Toward {
  return state === "accepted" ? "pickup" : "dropoff";
}

/** As long as this stays, so does the route. */
function stageOf({ ride_id, state, driver }: Ride): string {
  const looking = state === "requested" || state === "offered";
  return `${ride_id} ${looking ? "looking" : state} ${driver?.id ?? ""}`;
}
