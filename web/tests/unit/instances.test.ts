import { describe, expect, it } from "vitest";
import { Fleet } from "../../src/fleet/fleet.ts";
import { Instances } from "../../src/map/instances.ts";
import { INSTANCE_FLOATS } from "../../src/map/shaders.ts";

const CENTRE = { lng: -56.2, lat: -34.9 };
/** Of an instance: when its way begins, and its flags. */
const START = 4;
const FLAGS = 9;

/** A buffer that keeps what it is told, and says how many instances each upload was of. */
function buffer() {
  let held = new Float32Array();
  const uploads: number[] = [];
  const gl = {
    ARRAY_BUFFER: 0,
    DYNAMIC_DRAW: 0,
    bufferData(_target: number, data: Float32Array) {
      held = data.slice();
      uploads.push(data.length / INSTANCE_FLOATS);
    },
    bufferSubData(_: number, bytes: number, data: Float32Array, at: number, count: number) {
      held.set(data.subarray(at, at + count), bytes / data.BYTES_PER_ELEMENT);
      uploads.push(count / INSTANCE_FLOATS);
    },
  } as unknown as WebGL2RenderingContext;
  return { gl, uploads, of: (slot: number, what: number) => held[slot * INSTANCE_FLOATS + what] };
}

function scene(count: number) {
  const fleet = new Fleet();
  let flags = 0;
  const instances = new Instances(fleet.vehicles, () => flags);
  fleet.onTouched = (vehicle) => instances.touch(vehicle);
  const { gl, uploads, of } = buffer();
  const put = (ids: number[], timestamp_ms: number, nowMs: number) => {
    const vehicles = ids.map((id) => ({
      id: String(id),
      class: "car",
      state: "online" as const,
      latitude: CENTRE.lat,
      longitude: CENTRE.lng,
      timestamp_ms,
    }));
    fleet.apply({ subscription: "map", snapshot: false, vehicles, left: [] }, nowMs);
  };
  const frame = (nowMs: number, centre = CENTRE) => {
    instances.anchor(centre, nowMs);
    instances.upload(gl);
    return uploads.splice(0);
  };
  put([...Array(count).keys()], 1_000, 0);
  frame(0);
  const setFlags = (value: number) => {
    flags = value;
    instances.invalidate();
  };
  return { instances, put, frame, of, setFlags };
}

describe("Instances", () => {
  it("uploads nothing where nothing changed, and of one change one instance", () => {
    const { put, frame, of } = scene(10);
    expect(frame(100)).toEqual([]);
    put([4], 2_000, 110);
    expect(frame(116)).toEqual([1]);
    expect(of(4, START)).toBe(110);
    expect(of(5, START)).toBe(0);
    put([3, 6], 3_000, 120);
    expect(frame(132)).toEqual([4]);
    expect(of(6, START)).toBe(120);
  });

  it("grows with the fleet and keeps what was told", () => {
    const { put, frame, of } = scene(200);
    put([7], 2_000, 50);
    put([...Array(2_000).keys()].slice(200), 2_000, 60);
    expect(frame(70)).toEqual([2_048]);
    expect(of(7, START)).toBe(50);
    expect(of(1_999, START)).toBe(60);
  });

  it("writes all anew for other flags and another anchor, and fills an empty buffer", () => {
    const { instances, frame, of, setFlags } = scene(10);
    setFlags(8);
    expect(frame(100)).toEqual([10]);
    expect(of(3, FLAGS)).toBe(8);
    expect(of(3, START)).toBe(-100);
    expect(frame(200, { ...CENTRE, lng: 10 })).toEqual([10]);
    instances.restart();
    expect(frame(300, { ...CENTRE, lng: 10 })).toEqual([256]);
  });
});
