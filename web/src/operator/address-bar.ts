import { effect } from "@preact/signals";
import { middleOf } from "../map/follower.ts";
import type { VehicleMap } from "../map/map.ts";
import { type Address, type View, writeAddress } from "./address.ts";
import * as state from "./state.ts";

/** Browsers refuse a page that changes its address too often, ms. */
const PERIOD_MS = 500;

/** Keeps what is seen in the page's address, so that a reload or a colleague sees the same. */
export class AddressBar {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private view: View | null;

  constructor(
    private readonly map: VehicleMap["map"],
    private readonly opened: Address,
  ) {
    this.view = opened.view;
    const first = this.seen();
    map.on("moveend", () => {
      const now = this.seen();
      // A resize moves nothing.
      const moved =
        Math.abs(now.latitude - first.latitude) > 1e-6 ||
        Math.abs(now.longitude - first.longitude) > 1e-6 ||
        Math.abs(now.zoom - first.zoom) > 1e-3;
      if (!this.view && !moved) return;
      this.view = now;
      this.later();
    });
    effect(() => {
      // Read, so that each change is followed.
      this.address();
      this.later();
    });
  }

  private address(): string {
    const { past = null, atMs = 0 } = state.replay.value ?? {};
    // While it is played it is written some times a second: whole seconds are as good.
    const momentMs = Math.floor(atMs / 1_000) * 1_000;
    return writeAddress({
      view: this.view,
      selection: state.selection.value,
      trail: state.trail.value,
      filter: state.filter.value,
      past,
      momentMs: past && momentMs > past.fromMs ? momentMs : null,
      show: this.opened.show,
    });
  }

  private later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const search = this.address();
      if (search === location.search) return;
      history.replaceState(history.state, "", location.pathname + search + location.hash);
    }, PERIOD_MS);
  }

  private seen(): View {
    const { lat, lng } = middleOf(this.map).wrap();
    return { latitude: lat, longitude: lng, zoom: this.map.getZoom() };
  }
}
