import { effect, signal } from "@preact/signals";
import type { Place, Toward } from "../../sdk/index.ts";
import type { VehicleMap } from "../map/map.ts";
import { wrapLongitude } from "../map/mercator.ts";
import type { PageConfig } from "../service/config.ts";
import { locale } from "../words/index.ts";
import type { Estimator } from "./estimator.ts";
import { type Roads, Streets } from "./streets.ts";
import type { Wish } from "./wish.ts";

/** How far from a pin a finger may touch, CSS pixels. */
const REACH_PX = 26;
const LOCATE_TIMEOUT_MS = 12_000;

export type Located = "none" | "asking" | "denied" | "failed" | "insecure" | "outside";

/** Chooses pickup and dropoff: by touch, by a pin that is dragged, by street, by the device. */
export class Planner {
  readonly streets = signal<Streets | undefined>(undefined);
  readonly located = signal<Located>("none");
  /** Whether a ride may be planned now: false while there is one. */
  readonly active = signal(false);
  private dragged: { end: Toward; place: Place } | undefined;
  private loading = false;

  constructor(
    private readonly config: PageConfig,
    private readonly view: VehicleMap,
    readonly wish: Wish,
    private readonly estimator: Estimator,
  ) {
    this.listen();
    effect(() => this.show());
    effect(() => this.fit());
  }

  /** Streets by name, for the search and for addresses. As large as the map: only once it is used. */
  async loadStreets(): Promise<void> {
    const { roads } = this.config.map;
    if (!roads || this.loading) return;
    this.loading = true;
    try {
      const response = await fetch(new URL(roads, document.baseURI));
      if (!response.ok) throw new Error(`${roads}: ${response.status}`);
      this.streets.value = new Streets((await response.json()) as Roads);
      for (const end of ["pickup", "dropoff"] as const) this.nameIt(end);
    } catch {
      // At the next use.
      this.loading = false;
    }
  }

  search(text: string): Place[] {
    const { lng, lat } = this.view.map.getCenter();
    return this.streets.value?.find(text, [lng, lat]) ?? [];
  }

  /** A place from the search: the map goes there. */
  choose(end: Toward, place: Place): void {
    this.located.value = "none";
    this.wish.set(end, place);
    if (!this.wish.complete.peek()) this.view.fit([[place.longitude, place.latitude]], 16);
  }

  /** The middle of the map, for who cannot touch it. */
  setHere(): void {
    const { lng, lat } = this.view.map.getCenter();
    this.put(lng, lat);
  }

  /** Where the device is, as the pickup. */
  locate(): void {
    if (!isSecureContext || !navigator.geolocation) {
      this.located.value = isSecureContext ? "failed" : "insecure";
      return;
    }
    this.located.value = "asking";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.found(coords),
      ({ code }) => {
        this.located.value =
          code === GeolocationPositionError.PERMISSION_DENIED ? "denied" : "failed";
      },
      { enableHighAccuracy: true, timeout: LOCATE_TIMEOUT_MS, maximumAge: 10_000 },
    );
  }

  private found({ longitude, latitude }: GeolocationCoordinates): void {
    if (this.located.peek() !== "asking") return;
    if (!this.covers(longitude, latitude)) {
      this.located.value = "outside";
      return;
    }
    this.choose("pickup", { longitude, latitude });
    this.nameIt("pickup");
  }

  private covers(longitude: number, latitude: number): boolean {
    const { bounds } = this.config.map;
    if (!bounds) return true;
    const [south, west, north, east] = bounds;
    const within =
      west <= east
        ? longitude >= west && longitude <= east
        : longitude >= west || longitude <= east;
    return latitude >= south && latitude <= north && within;
  }

  private put(longitude: number, latitude: number): void {
    const end = this.wish.asked.peek();
    if (!end || !this.active.peek()) return;
    this.located.value = "none";
    this.wish.set(end, { longitude: wrapLongitude(longitude), latitude });
    this.nameIt(end);
  }

  /** The nearest street is the address of a place that was touched. */
  private nameIt(end: Toward): void {
    const place = this.wish[end].peek();
    if (!place || place.address !== undefined) return;
    void this.loadStreets();
    const name = this.streets.peek()?.nameAt([place.longitude, place.latitude]);
    if (name !== undefined) this.wish.name(end, place, name);
  }

  private show(): void {
    // The words at the pins follow the language.
    locale.value;
    if (!this.active.value) return;
    const answer = this.estimator.answer.value;
    const line = answer.kind === "known" ? answer.estimate.line : undefined;
    this.view.showTrip({ pickup: this.wish.pickup.value, dropoff: this.wish.dropoff.value, line });
  }

  /** Both ends are known: they are to be seen at once. */
  private fit(): void {
    const [pickup, dropoff] = [this.wish.pickup.value, this.wish.dropoff.value];
    if (!this.active.value || !pickup || !dropoff || this.dragged) return;
    this.view.fit([pickup, dropoff].map(({ longitude, latitude }) => [longitude, latitude]));
  }

  private bothInSight(): boolean {
    const ends = [this.wish.pickup.peek(), this.wish.dropoff.peek()];
    return ends.every((end) => end && this.view.inSight([end.longitude, end.latitude]));
  }

  private listen(): void {
    const { map } = this.view;
    // The sheet below grows by the estimate, and leaves less of the map.
    map.on("resize", () => {
      // A flight that has begun goes to where there was room then.
      if (map.isMoving() || !this.bothInSight()) this.fit();
    });
    map.on("click", ({ lngLat }) => this.put(lngLat.lng, lngLat.lat));
    map.on("mousedown", (event) => {
      if (this.take(event.point)) event.preventDefault();
    });
    map.on("touchstart", (event) => {
      if (event.points.length === 1 && this.take(event.point)) event.preventDefault();
    });
    map.on("mousemove", ({ point, lngLat }) => {
      this.drag(lngLat.lng, lngLat.lat);
      const grabs = this.active.peek() && this.pinAt(point) !== undefined;
      map.getCanvas().style.cursor = grabs ? "grab" : "";
    });
    map.on("touchmove", ({ lngLat }) => this.drag(lngLat.lng, lngLat.lat));
    for (const end of ["mouseup", "touchend", "touchcancel"] as const)
      map.on(end, () => this.drop());
  }

  private pinAt({ x, y }: { x: number; y: number }): Toward | undefined {
    return (["pickup", "dropoff"] as const).find((end) => {
      const place = this.wish[end].peek();
      if (!place) return false;
      const at = this.view.map.project([place.longitude, place.latitude]);
      return Math.hypot(at.x - x, at.y - y) < REACH_PX;
    });
  }

  private take(point: { x: number; y: number }): boolean {
    const end = this.active.peek() ? this.pinAt(point) : undefined;
    const place = end && this.wish[end].peek();
    if (!end || !place) return false;
    this.dragged = { end, place };
    return true;
  }

  private drag(longitude: number, latitude: number): void {
    if (!this.dragged) return;
    const place = { longitude: wrapLongitude(longitude), latitude };
    this.dragged.place = place;
    const [pickup, dropoff] = [this.wish.pickup.peek(), this.wish.dropoff.peek()];
    this.view.showTrip({ pickup, dropoff, [this.dragged.end]: place });
  }

  private drop(): void {
    const { dragged } = this;
    if (!dragged) return;
    const moved = dragged.place !== this.wish[dragged.end].peek();
    if (moved) {
      const asked = this.wish.asked.peek();
      this.wish.set(dragged.end, dragged.place);
      this.nameIt(dragged.end);
      this.wish.asked.value = asked;
    }
    this.dragged = undefined;
  }
}
