import type { LngLat, Map as MapLibre } from "maplibre-gl";

/** What panels take of the map on each side, pixels. */
export type Padding = Record<(typeof SIDES)[number], number>;

export const SIDES = ["left", "top", "right", "bottom"] as const;
const NONE: Padding = { left: 0, top: 0, right: 0, bottom: 0 };

/** What is in the middle of the map, whatever panels are over it and whatever is followed. */
export function middleOf(map: MapLibre): LngLat {
  const { clientWidth, clientHeight } = map.getContainer();
  return map.unproject([clientWidth / 2, clientHeight / 2]);
}

/** Keeps something that moves in the middle of the room beside panels. */
export class Follower {
  private following = false;

  constructor(private readonly map: MapLibre) {}

  /** Before the first `keepUp`. */
  begin(): void {
    this.following = true;
    this.zoomAround(true);
  }

  /** The map is anybody's again; nothing jumps. */
  end(): void {
    this.following = false;
    this.zoomAround(false);
    this.unpad();
  }

  keepUp([longitude, latitude]: [number, number], padding: Padding): void {
    // `jumpTo` would break off a gesture.
    if (this.map.isZooming()) return;
    const centre = this.map.getCenter();
    const off = Math.abs(centre.lng - longitude) + Math.abs(centre.lat - latitude);
    if (off < 1e-8 && this.isPadded(padding)) return;
    // By padding and not by another centre: zooming leaves the vehicle where it is.
    this.map.jumpTo({ center: [longitude, latitude], padding });
  }

  /** Whether zooming leaves what is followed in its place. */
  private zoomAround(centre: boolean): void {
    const around = centre ? { around: "center" as const } : true;
    const { scrollZoom, touchZoomRotate } = this.map;
    // One that is enabled ignores another `enable`.
    scrollZoom.disable();
    scrollZoom.enable(around);
    touchZoomRotate.disable();
    touchZoomRotate.enable(around);
    touchZoomRotate.disableRotation();
  }

  private unpad(): void {
    if (this.following || this.isPadded(NONE)) return;
    // The gesture that ended the following is to go on.
    if (this.map.isMoving()) this.map.once("moveend", () => this.unpad());
    else this.map.jumpTo({ center: middleOf(this.map), padding: NONE });
  }

  private isPadded(padding: Padding): boolean {
    const now = this.map.getPadding();
    return SIDES.every((side) => Math.abs((now[side] ?? 0) - padding[side]) < 0.5);
  }
}
