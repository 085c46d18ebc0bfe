import type { Position } from "../../sdk/index.ts";
import { apartM } from "../map/metres.ts";
import { bearingBetween } from "./line-drive.ts";

/** A shorter step may be none: fixes of a vehicle that stands are apart, too, m. */
const STEP_M = 20;

/** Where the own vehicle looks: as the device says; where it does not, from where it went. */
export class Heading {
  private known: number | undefined;
  /** Where it was known last. */
  private from: Position | undefined;

  /** Degrees, after this fix; standing it looks where it looked. Nothing: not known yet. */
  after(position: Position): number | undefined {
    const { bearing } = position;
    if (bearing !== undefined || !this.from) this.turn(position, bearing ?? this.known);
    else if (stepM(this.from, position) >= STEP_M) {
      this.turn(position, bearingBetween(this.from, position));
    }
    return this.known;
  }

  private turn(from: Position, known: number | undefined): void {
    this.from = from;
    this.known = known;
  }
}

function stepM(a: Position, b: Position): number {
  return apartM([a.longitude, a.latitude], [b.longitude, b.latitude]);
}
