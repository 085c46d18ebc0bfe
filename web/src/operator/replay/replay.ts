import type { History, Query, VehicleId } from "../../../sdk/index.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Bounds, outgrown, toViewport, withMargin } from "../../map/area.ts";
import type { Past } from "../address.ts";
import { type ReplayState, replay } from "../state.ts";
import { advanced, keptFromMs, LEAD_MS, nextChunk, type Speed } from "./ahead.ts";
import { Tape } from "./tape.ts";

/** Between two looks at the time, ms. */
const TICK_MS = 100;
/** The newest moments are not told yet, or the service is away: asked again after this, ms. */
const AGAIN_MS = 2_000;
/** How far apart the fixes are, until the service says so, ms. */
const EVERY_MS = 5_000;

export interface Stage {
  /** What the map shows. */
  bounds(): Bounds;
  history(query: Query): Promise<History>;
  /** Something changed: draw it. */
  refresh(): void;
  /** For people: why a part of the past cannot be had. */
  explain(error: unknown): string;
}

/** Plays a window of the past by the layer that draws the present. */
export class Replay {
  private tape = new Tape(0);
  /** What the map shows is of this one, until the one that is fetched has the moment. */
  private laid = this.tape;
  private area: Bounds | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private tickedMs = 0;
  /** What is under way is of use while this is the same. */
  private load = 0;
  private asking = false;
  private everyMs = EVERY_MS;

  constructor(
    private readonly fleet: Fleet,
    private readonly stage: Stage,
  ) {}

  /** For the layer: whether the vehicle drove a ride then. */
  of(id: VehicleId): boolean {
    return this.laid.isBusy(id);
  }

  /** How much of the past is held here: fixes. */
  get held(): number {
    return this.tape.fixes;
  }

  open(past: Past, playing: boolean, speed: Speed = 5, atMs = past.fromMs): void {
    replay.value = { past, atMs, playing, speed, waiting: true, trouble: null };
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tickedMs = performance.now();
    this.begin(atMs);
  }

  close(): void {
    clearInterval(this.timer);
    this.load += 1;
    this.tape = new Tape(0);
    this.laid = this.tape;
    this.fleet.reset();
    replay.value = null;
  }

  play(playing: boolean): void {
    const now = replay.value;
    if (!now) return;
    // From the end it begins anew.
    if (playing && now.atMs >= now.past.toMs) this.seek(now.past.fromMs);
    this.put({ playing });
    if (!playing) this.fleet.hold(performance.now());
    this.stage.refresh();
  }

  setSpeed(speed: Speed): void {
    this.put({ speed });
    if (replay.value && !replay.value.waiting) this.lay(replay.value.atMs);
  }

  seek(atMs: number): void {
    const now = replay.value;
    if (!now) return;
    const to = Math.min(now.past.toMs, Math.max(now.past.fromMs, atMs));
    this.put({ atMs: to });
    const held = to >= this.tape.fromMs + LEAD_MS && to <= this.tape.toMs;
    if (held && !now.waiting) this.lay(to);
    else this.begin(to);
  }

  /** The map moved: what it shows beside what was fetched is to be fetched. */
  moved(): void {
    if (replay.value && this.area && outgrown(this.area, this.stage.bounds())) {
      this.begin(replay.value.atMs);
    }
  }

  /** Once more, after a failure. */
  again(): void {
    if (replay.value) this.begin(replay.value.atMs);
  }

  /** Fetches anew for a moment. What is shown stays until that is there. */
  private begin(atMs: number): void {
    this.load += 1;
    this.asking = false;
    this.area = withMargin(this.stage.bounds());
    this.tape = new Tape(atMs - LEAD_MS);
    this.put({ waiting: true, trouble: null });
    void this.fetchOn();
  }

  private async fetchOn(): Promise<void> {
    const now = replay.value;
    if (!now || !this.area || this.asking) return;
    const { atMs, past, speed } = now;
    const chunk = nextChunk({ atMs, toMs: this.tape.toMs, endMs: past.toMs, speed });
    if (!chunk) return;
    const { load } = this;
    const [from_ms, to_ms] = chunk;
    const { south, west, north, east } = toViewport(this.area, 0);
    this.asking = true;
    try {
      const history = await this.stage.history({ south, west, north, east, from_ms, to_ms });
      if (load !== this.load) return;
      this.everyMs = history.every_ms;
      const further = history.to_ms > from_ms;
      this.tape.append(history);
      this.settle();
      this.asking = false;
      if (further) void this.fetchOn();
      else this.later(load);
    } catch (error) {
      if (load !== this.load) return;
      this.asking = false;
      this.put({ trouble: this.stage.explain(error), waiting: true });
    }
  }

  private later(load: number): void {
    this.asking = true;
    setTimeout(() => {
      if (load !== this.load) return;
      this.asking = false;
      void this.fetchOn();
    }, AGAIN_MS);
  }

  /** Shows the moment that was waited for, when it is there. */
  private settle(): void {
    const now = replay.value;
    if (!now?.waiting || this.tape.toMs < Math.min(now.atMs + 1, now.past.toMs)) return;
    this.put({ waiting: false, trouble: null });
    this.lay(now.atMs);
  }

  /** Everything anew as it was at this moment. */
  private lay(atMs: number): void {
    const now = performance.now();
    this.fleet.reset(this.everyMs / (replay.value?.speed ?? 1));
    this.laid = this.tape;
    this.fleet.apply(this.tape.snapshot(atMs), now);
    if (!replay.value?.playing) this.fleet.hold(now);
    this.stage.refresh();
  }

  private tick(): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.tickedMs;
    this.tickedMs = nowMs;
    const now = replay.value;
    if (!now?.playing || now.waiting) return;
    const { past, speed } = now;
    const { toMs } = this.tape;
    const atMs = advanced({ atMs: now.atMs, toMs, endMs: past.toMs, speed }, elapsedMs);
    this.fleet.apply(this.tape.play(atMs), nowMs);
    this.tape.dropBefore(keptFromMs(atMs));
    const over = atMs >= past.toMs;
    // What is shown waits for the network: time stands.
    const waiting = !over && atMs >= toMs;
    this.put({ atMs, playing: !over, waiting });
    if (over || waiting) this.fleet.hold(nowMs);
    this.stage.refresh();
    void this.fetchOn();
  }

  private put(change: Partial<ReplayState>): void {
    if (replay.value) replay.value = { ...replay.value, ...change };
  }
}
