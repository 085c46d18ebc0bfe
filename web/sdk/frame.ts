// The binary frames of `ridecast.v1.bin`; docs/protocol.md has the table of bytes.
import { ProtocolError } from "./errors.ts";
import type { VehicleClass, VehicleId, VehicleState } from "./protocol.gen.ts";

/** One vehicle's part of a frame. Units as in `VehicleUpdate`. */
export interface FrameRecord {
  /** The vehicle's number for as long as it stays in this subscription. */
  handle: number;
  latitude: number;
  longitude: number;
  timestamp_ms: number;
  /** To 1.4 degrees. Absent: not known. */
  bearing?: number;
  /** To 0.25 m/s; 63.75 means that or more. Absent: not known. */
  speed?: number;
  state: VehicleState;
  /** What the handle stands for; said when the vehicle enters and in every snapshot. */
  introduces?: { class: VehicleClass; id: VehicleId };
}

/** A decoded frame. */
export interface Frame {
  subscription: string;
  /** True: the records are all there is. False: a change. */
  snapshot: boolean;
  records: FrameRecord[];
  /** Handles of the vehicles that left. */
  left: number[];
}

const VERSION = 1;
const SNAPSHOT = 1;
const STATE = 0b11;
const INTRODUCES = 1 << 2;
const HAS_BEARING = 1 << 3;
const HAS_SPEED = 1 << 4;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a frame. Throws `ProtocolError`. */
export function decodeFrame(bytes: ArrayBuffer): Frame {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new ProtocolError(`frames of version ${version} are not known`);
  const snapshot = (reader.u8() & SNAPSHOT) !== 0;
  const subscription = reader.text();
  const baseLow = reader.u32();
  // Exact up to 2^53 ms, the year 287,396.
  const baseMs = reader.u32() * 2 ** 32 + baseLow;
  const records: FrameRecord[] = [];
  for (let count = reader.u32(); count > 0; count--) {
    records.push(readRecord(reader, baseMs, baseLow));
  }
  const left: number[] = [];
  for (let count = reader.u32(); count > 0; count--) left.push(reader.u32());
  if (!reader.atEnd()) throw new ProtocolError("a frame is too long");
  return { subscription, snapshot, records, left };
}

function readRecord(reader: Reader, baseMs: number, baseLow: number): FrameRecord {
  const flags = reader.u8();
  const record: FrameRecord = {
    handle: reader.u32(),
    latitude: reader.i32() / 1e7,
    longitude: reader.i32() / 1e7,
    // Only the low 32 bits are sent: `| 0` makes their difference signed,
    // which gives the time nearest to the frame's own.
    timestamp_ms: baseMs + ((reader.u32() - baseLow) | 0),
    state: flags & STATE ? "silent" : "online",
  };
  const bearing = reader.u8();
  const speed = reader.u8();
  if (flags & HAS_BEARING) record.bearing = bearing * (360 / 256);
  if (flags & HAS_SPEED) record.speed = speed / 4;
  if (flags & INTRODUCES) record.introduces = { class: reader.text(), id: reader.text() };
  return record;
}

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: ArrayBuffer) {
    this.#view = new DataView(bytes);
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  text(): string {
    const length = this.u8();
    const from = this.#skip(length);
    try {
      return utf8.decode(new Uint8Array(this.#view.buffer, from, length));
    } catch {
      throw new ProtocolError("a name in a frame is malformed");
    }
  }

  atEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }

  #skip(length: number): number {
    const from = this.#at;
    if (from + length > this.#view.byteLength) throw new ProtocolError("a frame is too short");
    this.#at = from + length;
    return from;
  }
}
