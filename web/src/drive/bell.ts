import { muted } from "./state.ts";

/** How often an offer rings, ms. */
const PERIOD_MS = 3_000;
/** Two notes, Hz, and how long each is, s. */
const NOTES = [784, 1_047];
const NOTE_S = 0.16;
const VOLUME = 0.25;
const VIBRATION_MS = [180, 90, 180];

/** Rings and shakes until it is told to stop. Made of sine waves: no file to fetch. */
export class Bell {
  private audio: AudioContext | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    // Browsers let a page sound only after the person has done something.
    const wake = () => {
      this.audio ??= new AudioContext();
      void this.audio.resume();
    };
    addEventListener("pointerup", wake, { passive: true });
    addEventListener("keydown", wake, { passive: true });
  }

  start(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.ring(), PERIOD_MS);
    this.ring();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    navigator.vibrate?.(0);
  }

  private ring(): void {
    if (muted.value) return;
    // Refused, with a warning on the console, before the person has done something.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(VIBRATION_MS);
    const { audio } = this;
    if (audio?.state !== "running") return;
    NOTES.forEach((hertz, index) => {
      const from = audio.currentTime + index * NOTE_S;
      const note = new OscillatorNode(audio, { frequency: hertz });
      const loudness = new GainNode(audio, { gain: 0 });
      // Without a slope it clicks.
      loudness.gain.setValueAtTime(0, from);
      loudness.gain.linearRampToValueAtTime(VOLUME, from + 0.02);
      loudness.gain.linearRampToValueAtTime(0, from + NOTE_S);
      note.connect(loudness).connect(audio.destination);
      note.start(from);
      note.stop(from + NOTE_S);
    });
  }
}
