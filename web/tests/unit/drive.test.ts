import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConnectionLost, type Ride, ServiceError } from "../../sdk/index.ts";
import { Silence } from "../../src/drive/awake.ts";
import { troubleOf } from "../../src/drive/device.ts";
import { type Fix, notBefore, positionOf } from "../../src/drive/fix.ts";
import { Heading } from "../../src/drive/heading.ts";
import { driveSpeed, LineDrive } from "../../src/drive/line-drive.ts";
import { partLeft, secondsLeft } from "../../src/drive/ring.ts";
import { Simulator } from "../../src/drive/simulator.ts";
import { expiryMs, trackerSettings } from "../../src/drive/tracker.ts";
import { errorWords, minutes, overWords, sendingWords } from "../../src/drive/words/index.ts";
import { apartM } from "../../src/map/metres.ts";

const NOW = 1_795_383_918_000;

type Point = { longitude: number; latitude: number };
const metresBetween = (a: Point, b: Point) =>
  apartM([a.longitude, a.latitude], [b.longitude, b.latitude]);

describe("a browser's fix as a position", () => {
  const coords = {
    latitude: 43.7384,
    longitude: 7.4246,
    accuracy: 4.512,
    heading: 91.26,
    speed: 8.04,
  };

  it("carries what is known, by the service's clock", () => {
    expect(positionOf({ coords, timestamp: NOW + 0.4 }, -60_000)).toEqual({
      latitude: 43.7384,
      longitude: 7.4246,
      timestamp_ms: NOW - 60_000,
      accuracy: 4.5,
      bearing: 91.3,
      speed: 8,
    });
  });

  it("goes on in time, unless the clock was set right", () => {
    expect(notBefore(NOW, NOW - 1_000)).toBe(NOW);
    expect(notBefore(NOW, NOW)).toBe(NOW + 1);
    expect(notBefore(NOW, NOW + 400)).toBe(NOW + 401);
    expect(notBefore(NOW, NOW + 600_000)).toBe(NOW);
  });

  it.each([
    { heading: null, speed: null },
    { heading: Number.NaN, speed: Number.NaN },
    { heading: -1, speed: -1 },
    { heading: 400, speed: 900 },
  ])("leaves out what phones say of the unknown: %j", (unknown) => {
    const position = positionOf({ coords: { ...coords, ...unknown }, timestamp: NOW }, 0);
    expect(Object.keys(position)).toEqual(["latitude", "longitude", "timestamp_ms", "accuracy"]);
  });

  it("has an accuracy that the service takes", () => {
    const vague = { ...coords, accuracy: 250_000 };
    expect(positionOf({ coords: vague, timestamp: NOW }, 0).accuracy).toBeUndefined();
  });
});

describe("a drive along a line", () => {
  // About 111 m to the north, then 80 m to the east.
  const line = new LineDrive([
    [7, 43],
    [7, 43.001],
    [7, 43.001],
    [7.001, 43.001],
  ]);

  it("is as long as its pieces", () => {
    expect(line.metres).toBeCloseTo(111.2 + 81.3, 0);
  });

  it("looks where it drives, and ends at the end", () => {
    expect(line.at(0)).toEqual({ latitude: 43, longitude: 7, bearing: 0 });
    expect(line.at(55.6).latitude).toBeCloseTo(43.0005, 5);
    const second = line.at(150);
    expect(second.latitude).toBe(43.001);
    expect(second.bearing).toBeCloseTo(90, 5);
    expect(line.at(1e6)).toEqual({ latitude: 43.001, longitude: 7.001, bearing: 90 });
  });

  it("stands where a line has no length", () => {
    expect(new LineDrive([[7, 43]]).at(10)).toEqual({ latitude: 43, longitude: 7 });
    const twice = new LineDrive([
      [7, 43],
      [7, 43],
    ]);
    expect(twice.at(0)).toEqual({ latitude: 43, longitude: 7 });
  });

  it("is never so fast that the service takes it for a jump", () => {
    expect(driveSpeed(8, 3)).toBe(24);
    expect(driveSpeed(30, 10)).toBeLessThan(100);
  });
});

describe("the made-up vehicle", () => {
  const ROUTE = { line: [[7, 43.01] as [number, number]], distance_m: 1_112, duration_s: 100 };
  let fixes: Fix[];
  let simulator: Simulator;

  beforeEach(() => {
    vi.useFakeTimers();
    fixes = [];
    simulator = new Simulator({ latitude: 43, longitude: 7 }, (fix) => fixes.push(fix));
  });

  afterEach(() => {
    simulator.stop();
    vi.useRealTimers();
  });

  it("tells where it stands, often enough not to be silent", () => {
    simulator.start();
    vi.advanceTimersByTime(60_000);
    const gaps = fixes
      .slice(1)
      .map(({ timestamp }, index) => timestamp - (fixes[index]?.timestamp ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(15_000 / 2);
    expect(fixes.every(({ coords }) => coords.speed === 0 && coords.latitude === 43)).toBe(true);
  });

  it("drives as a GPS would tell it, and stands at the end", () => {
    simulator.start();
    simulator.times = 10;
    simulator.follow(ROUTE);
    vi.advanceTimersByTime(5_000);
    const driven = fixes.slice(1);
    expect(driven).toHaveLength(5);
    const [first, second] = [driven[0]?.coords, driven[1]?.coords];
    if (!first || !second) throw new Error("no fixes");
    expect(metresBetween(first, second)).toBeCloseTo(first.speed ?? 0, 0);
    expect(first.heading).toBeCloseTo(0, 5);
    vi.advanceTimersByTime(60_000);
    expect(simulator.driving).toBe(false);
    expect(simulator.at.latitude).toBeCloseTo(43.01, 6);
    expect(fixes.at(-1)?.coords.speed).toBe(0);
  });

  it("goes as far when its page is called less often", () => {
    simulator.start();
    simulator.follow(ROUTE);
    const clock = vi.spyOn(performance, "now");
    clock.mockReturnValue(performance.now() + 30_000);
    vi.advanceTimersByTime(1_000);
    expect(metresBetween({ latitude: 43, longitude: 7 }, simulator.at)).toBeGreaterThan(300);
    clock.mockRestore();
  });
});

describe("the time of an offer", () => {
  it.each([
    [NOW - 500, 1, 16],
    [NOW, 1, 15],
    [NOW + 7_500, 0.5, 8],
    [NOW + 14_999, 0, 1],
    [NOW + 15_000, 0, 0],
    [NOW + 99_000, 0, 0],
  ])("at %d", (now, part, seconds) => {
    expect(partLeft(NOW, NOW + 15_000, now)).toBeCloseTo(part, 3);
    expect(secondsLeft(NOW + 15_000, now)).toBe(seconds);
  });

  it("is over when it never was", () => {
    expect(partLeft(NOW, NOW, NOW)).toBe(0);
  });
});

describe("how the sending goes, in words", () => {
  const fine = { sentAtMs: NOW - 900, waiting: 0, refused: undefined, accuracy: 12 };
  it.each([
    [fine, ["Position sent just now", "accurate to 12 m"]],
    [{ ...fine, sentAtMs: undefined, accuracy: undefined }, ["No position sent yet"]],
    [
      { ...fine, sentAtMs: NOW - 42_000, waiting: 9, accuracy: undefined },
      ["Last position sent 42 s ago", "9 positions are waiting to be sent"],
    ],
    [
      { ...fine, refused: "position_jump" as const, accuracy: undefined },
      ["A position was refused: no vehicle gets there so fast.", "Position sent just now"],
    ],
    [
      { ...fine, refused: "unavailable" as const, accuracy: undefined },
      ["A position was refused (unavailable).", "Position sent just now"],
    ],
  ])("%j", (sending, words) => {
    expect(sendingWords(sending, NOW)).toEqual(words);
  });
});

describe("the own vehicle's heading", () => {
  const fix = (metres: number, bearing?: number) => ({
    latitude: 43.7384 + metres / 111_195,
    longitude: 7.4246,
    timestamp_ms: NOW,
    ...(bearing !== undefined && { bearing }),
  });

  it("is the device's, where it tells one", () => {
    const heading = new Heading();
    expect([fix(0, 90), fix(0)].map((at) => heading.after(at))).toEqual([90, 90]);
  });

  it("is where it went, where it tells none, and no matter of the fixes' errors", () => {
    const heading = new Heading();
    const seen = [0, 9, 30, 25, 5].map((metres) => heading.after(fix(metres)));
    expect(seen).toEqual([undefined, undefined, 0, 0, 180]);
  });
});

describe("other words", () => {
  it("count minutes as drivers do", () => {
    expect([0, 29, 60, 61, 600].map(minutes)).toEqual([
      "1 min",
      "1 min",
      "1 min",
      "2 min",
      "10 min",
    ]);
  });

  it("say why a request was not carried out", () => {
    const refused = new ServiceError({ code: "offer_over", message: "", retryable: false });
    expect(errorWords(refused)).toBe("Too late: the offer is over.");
    expect(errorWords(new ConnectionLost("gone"))).toMatch(/^No connection/);
    const other = new ServiceError({ code: "forbidden", message: "", retryable: false });
    expect(errorWords(other)).toBe("That did not work (forbidden).");
  });

  it("say what became of a ride", () => {
    const at = { latitude: 1, longitude: 2 };
    const ride: Ride = {
      ride_id: "r",
      state: "requested",
      version: 5,
      pickup: at,
      dropoff: at,
      requested_at_ms: 1,
      search: { offers: 1, until_ms: 2, setback: "reassigned" },
    };
    expect(overWords(ride).title).toBe("The ride has been taken from you");
    const given = { offers: 1, until_ms: 2, setback: "driver_cancelled" } as const;
    expect(overWords({ ...ride, search: given }).title).toBe("You have cancelled the ride");
    const { search, ...unknown } = ride;
    expect(overWords(unknown)).toEqual({ title: "The ride has been taken from you" });
    const cancelled = { by: "rider", stage: "arrived" } as const;
    expect(overWords({ ...ride, state: "cancelled", cancelled }).title).toBe(
      "The rider has cancelled",
    );
    expect(overWords({ ...ride, state: "completed" }).title).toBe("Ride completed");
  });
});

it("tells for how long a hidden page sent nothing", () => {
  /** Hidden for a minute; sent at these times of it, ms. */
  const after = (...sentMs: number[]) => {
    const silence = new Silence();
    silence.begin(NOW);
    for (const ms of sentMs) silence.sent(NOW + ms);
    return silence.end(NOW + 60_000);
  };
  expect(new Silence().end(NOW)).toBe(0);
  expect(after()).toBe(60_000);
  expect(after(-1_000)).toBe(60_000);
  // It went on sending for a while.
  expect(after(1_000, 40_000)).toBe(39_000);
  // It woke, and sent before it was seen.
  expect(after(1_000, 59_000)).toBe(58_000);
  const silence = new Silence();
  silence.begin(NOW);
  silence.end(NOW + 60_000);
  silence.sent(NOW + 90_000);
  expect(silence.end(NOW + 90_000)).toBe(0);
});

it.each([
  [1, "denied"],
  [2, "unavailable"],
  [3, "slow"],
])("GeolocationPositionError %d is %s", (code, trouble) => {
  expect(troubleOf(code)).toBe(trouble);
});

describe("what a tracker app is given", () => {
  const vehicle = { class: "car", label: 'The "fast" one' };
  const token = `x.${btoa(JSON.stringify({ exp: 1_795_400_000 }))}.y`;

  it("is JSON that the service takes, once the app has put its numbers in", () => {
    const { url, headers, body } = trackerSettings("http://car.test/base/drive", token, vehicle);
    expect(url).toBe("http://car.test/base/v1/positions");
    expect(headers).toBe(`Content-Type: application/json\nAuthorization: Bearer ${token}`);
    const filled = body
      .replace("%LAT", "43.7")
      .replace("%LON", "7.4")
      .replace("%ACC", "3.9")
      .replace("%TIMESTAMP", "1795383918");
    expect(JSON.parse(filled)).toEqual({
      vehicle,
      positions: [{ latitude: 43.7, longitude: 7.4, timestamp_ms: NOW, accuracy: 3.9 }],
    });
  });

  it("says until when its token is good", () => {
    expect(expiryMs(token)).toBe(1_795_400_000_000);
    expect(expiryMs("no token")).toBeUndefined();
  });
});
