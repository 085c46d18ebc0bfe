import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../sdk/errors.ts";
import { decodeFrame } from "../../sdk/frame.ts";
import { HandleTable } from "../../sdk/handles.ts";

/** Made by the service's own encoder; protocol/src/golden.rs. */
function golden(name: string): ArrayBuffer {
  const bytes = readFileSync(new URL(`../golden/${name}.bin`, import.meta.url));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

const BASE_MS = 0x0190_0000_0010;

describe("decodeFrame", () => {
  it("reads a snapshot of the service's encoder", () => {
    const frame = decodeFrame(golden("snapshot"));
    expect(frame).toEqual({
      subscription: "map",
      snapshot: true,
      records: [
        {
          handle: 7,
          latitude: -34.9056123,
          longitude: -56.1912345,
          // Before the frame's own time, across the turn of the low 32 bits.
          timestamp_ms: BASE_MS - 1_000,
          bearing: 270,
          speed: 12.25,
          state: "online",
          introduces: { class: "car", id: "d1" },
        },
        {
          handle: 4_000_000_000,
          latitude: 90,
          longitude: 180,
          timestamp_ms: BASE_MS + 5,
          state: "silent",
          introduces: { class: "car", id: "línea-7" },
        },
      ],
      left: [],
    });
  });

  it("reads a change", () => {
    const frame = decodeFrame(golden("change"));
    expect(frame.snapshot).toBe(false);
    expect(frame.records).toEqual([
      {
        handle: 7,
        latitude: -34.9056123,
        longitude: -56.1912345,
        timestamp_ms: BASE_MS,
        // 359.9 degrees round up to north, 100 m/s down to the most there is.
        bearing: 0,
        speed: 63.75,
        state: "online",
      },
    ]);
    expect(frame.left).toEqual([4_000_000_000]);
  });

  it("refuses a frame cut at any byte, and one that goes on", () => {
    const whole = golden("snapshot");
    for (let length = 0; length < whole.byteLength; length++) {
      expect(() => decodeFrame(whole.slice(0, length)), `${length} bytes`).toThrow(ProtocolError);
    }
    const longer = new Uint8Array(whole.byteLength + 1);
    longer.set(new Uint8Array(whole));
    expect(() => decodeFrame(longer.buffer)).toThrow("too long");
  });

  it("refuses another version and a name that is no text; a state that it does not know is silent", () => {
    const patched = (at: number, value: number) => {
      const bytes = new Uint8Array(golden("snapshot").slice(0));
      bytes[at] = value;
      return bytes.buffer;
    };
    expect(() => decodeFrame(patched(0, 2))).toThrow("version 2");
    // 2 + 4 + 8 + 4 bytes come before the first record.
    expect(decodeFrame(patched(18, 0b11111)).records[0]?.state).toBe("silent");
    expect(() => decodeFrame(patched(3, 0xff))).toThrow("malformed");
  });
});

describe("HandleTable", () => {
  it("gives what the JSON subprotocol would have brought", () => {
    const table = new HandleTable();
    const snapshot = table.resolve(decodeFrame(golden("snapshot")));
    expect(snapshot.vehicles.map(({ id, class: kind }) => [id, kind])).toEqual([
      ["d1", "car"],
      ["línea-7", "car"],
    ]);
    const change = table.resolve(decodeFrame(golden("change")));
    expect(change).toMatchObject({ snapshot: false, left: ["línea-7"] });
    expect(change.vehicles).toMatchObject([{ id: "d1", class: "car", bearing: 0 }]);
  });

  it("forgets the handles of those that left, and all at a snapshot", () => {
    const table = new HandleTable();
    table.resolve(decodeFrame(golden("snapshot")));
    const change = decodeFrame(golden("change"));
    table.resolve(change);
    // One that left and is not known says nothing.
    expect(table.resolve(change).left).toEqual([]);
    table.resolve(decodeFrame(golden("empty")));
    expect(() => table.resolve(change)).toThrow("never introduced");
    expect(() => table.resolve({ ...change, left: [] })).toThrow("7 was never introduced");
  });
});
