import { effect } from "@preact/signals";
import type { Client, Position } from "../../sdk/index.ts";
import { orNull, place } from "../service/checks.ts";
import { kept } from "../service/kept.ts";
import { Awake } from "./awake.ts";
import { watchDevice } from "./device.ts";
import { type Fix, notBefore, positionOf } from "./fix.ts";
import { Simulator } from "./simulator.ts";
import * as state from "./state.ts";
import type { DriverView } from "./view.ts";

type Point = Pick<Position, "latitude" | "longitude">;

/** Where the made-up vehicle stands, also after a reload; null: it was never put. */
const simulatedAt = kept<Point | null>("drive.simulated", null, orNull(place));

/** A driver at work: positions from the device or made up, into the outbox. */
export class Shift {
  readonly simulator: Simulator;
  private driving: ReturnType<Client["drive"]> | undefined;
  private stopSource: (() => void) | undefined;
  private readonly awake = new Awake();
  private newestMs = 0;

  constructor(
    private readonly client: Client,
    private readonly view: DriverView,
  ) {
    this.simulator = new Simulator(simulatedAt.value ?? view.centre(), (fix) => {
      simulatedAt.value = this.simulator.at;
      this.fix(fix);
    });
    effect(() => {
      this.simulator.times = state.times.value;
    });
  }

  /** Goes online, and stays so over reconnects. */
  begin(): void {
    const vehicle = state.vehicle.value;
    if (!vehicle || this.stopSource) return;
    if (this.driving) this.driving.change(vehicle);
    else this.driving = this.client.drive(vehicle, { onChange: () => this.tell() });
    this.listen();
    this.awake.hold();
  }

  /** Goes offline. */
  end(): void {
    this.pause();
    this.driving?.stop();
    this.driving = undefined;
    this.view.hide();
    state.sending.value = {
      sentAtMs: undefined,
      waiting: 0,
      refused: undefined,
      accuracy: undefined,
    };
  }

  /** Sends nothing for a while: another device drives. */
  pause(): void {
    this.stopSource?.();
    this.stopSource = undefined;
    state.trouble.value = null;
    this.awake.release();
  }

  /** The vehicle is another one. */
  change(): void {
    if (state.vehicle.value) this.driving?.change(state.vehicle.value);
  }

  /** Looks for the position anew, of the device or made up as was chosen. */
  listen(): void {
    this.stopSource?.();
    state.trouble.value = null;
    if (state.source.value === "simulated") {
      this.simulator.start();
      this.stopSource = () => this.simulator.stop();
      return;
    }
    this.stopSource = watchDevice({
      onFix: (fix) => {
        state.trouble.value = null;
        this.fix(fix);
      },
      onTrouble: (trouble) => {
        state.trouble.value = trouble;
      },
    });
  }

  /** The made-up vehicle is put somewhere, while it does not work. */
  put(place: Point): void {
    this.simulator.put(place);
    simulatedAt.value = place;
  }

  private fix(fix: Fix): void {
    const { driving } = this;
    const vehicle = state.vehicle.value;
    if (!driving || !vehicle) return;
    const position = positionOf(fix, state.clockOffsetMs.value);
    position.timestamp_ms = notBefore(position.timestamp_ms, this.newestMs);
    // For the map, too, older is old.
    if (position.timestamp_ms < this.newestMs) this.view.hide();
    this.newestMs = position.timestamp_ms;
    this.view.show(position, vehicle);
    driving.report(position);
    state.sending.value = { ...state.sending.value, accuracy: position.accuracy };
    this.tell();
  }

  private tell(): void {
    if (!this.driving) return;
    const { sentAtMs, waiting, refused } = this.driving;
    state.sending.value = { ...state.sending.value, sentAtMs, waiting, refused };
  }
}
