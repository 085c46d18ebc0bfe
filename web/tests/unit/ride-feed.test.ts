import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Ride, type RideCount, ServiceError } from "../../sdk/index.ts";
import { RideBook } from "../../src/fleet/ride-book.ts";
import { RideFeed } from "../../src/operator/ride-feed.ts";

const COUNTS: RideCount[] = [{ state: "requested", rides: 3 }];
const COUNTS_PATH = "v1/rides/counts";

/** What was asked, in order. */
let asked: string[];
/** What the page was told. */
let told: (RideCount[] | null)[];
/** Answers, or throws. */
let answer: (path: string) => unknown;
let page: EventTarget & { hidden: boolean };
let book: RideBook;
let feed: RideFeed;

const refusal = (status: number) =>
  new ServiceError(
    { code: "unavailable", message: `HTTP ${status}`, retryable: status >= 500 },
    status,
  );

function driven(ride_id: string): Ride {
  const place = { latitude: 1, longitude: 2 };
  return {
    ride_id,
    state: "accepted",
    version: 3,
    pickup: place,
    dropoff: place,
    driver: { id: `vehicle-of-${ride_id}`, vehicle: { class: "car" } },
    requested_at_ms: 1,
  };
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const lists = () => asked.filter((path) => path !== COUNTS_PATH);

beforeEach(() => {
  vi.useFakeTimers();
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
  asked = [];
  told = [];
  answer = (path) => (path === COUNTS_PATH ? { counts: COUNTS } : { rides: [] });
  book = new RideBook();
  feed = new RideFeed(book, {
    get: async <T>(path: string) => {
      asked.push(path);
      return answer(path) as T;
    },
    onCounts: (counts) => told.push(counts),
  });
});

afterEach(() => {
  feed.pause();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("asks once what is open, then every 5 s how many there are", async () => {
  feed.begin();
  await settled();
  expect(asked).toEqual([
    "v1/rides?state=requested&limit=100",
    "v1/rides?state=offered&limit=100",
    "v1/rides?state=accepted&limit=100",
    "v1/rides?state=arrived&limit=100",
    "v1/rides?state=in_progress&limit=100",
    COUNTS_PATH,
  ]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.slice(6)).toEqual([COUNTS_PATH, COUNTS_PATH]);
  expect(told).toEqual([COUNTS, COUNTS, COUNTS]);
});

it("reads a list to its last page", async () => {
  answer = (path) => {
    if (path === COUNTS_PATH) return { counts: COUNTS };
    if (!path.includes("accepted")) return { rides: [] };
    return path.includes("before")
      ? { rides: [driven("b")] }
      : { rides: [driven("a")], before: "7_a" };
  };
  feed.begin();
  await settled();
  expect(asked[3]).toBe("v1/rides?state=accepted&limit=100&before=7_a");
  expect(book.of("vehicle-of-a")?.ride_id).toBe("a");
  expect(book.of("vehicle-of-b")?.ride_id).toBe("b");
});

it("asks for what is open again when events are lost, not after every reconnect", async () => {
  feed.begin();
  await settled();
  feed.pause();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(6);
  feed.begin();
  await settled();
  expect(lists()).toHaveLength(5);
  feed.lost();
  await settled();
  expect(lists()).toHaveLength(10);
});

it("an answer from before a loss is of no use", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let first = true;
  answer = (path) => {
    if (path === COUNTS_PATH) return { counts: COUNTS };
    if (!first || !path.includes("in_progress")) return { rides: [] };
    first = false;
    return held.then(() => ({ rides: [driven("gone")] }));
  };
  feed.begin();
  await settled();
  feed.lost();
  release();
  await settled();
  expect(lists()).toHaveLength(10);
  expect(book.of("vehicle-of-gone")).toBeUndefined();
});

it("asks nothing while nobody looks", async () => {
  page.hidden = true;
  feed.begin();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  await settled();
  expect(asked).toHaveLength(6);
});

it.each([refusal(503), new TypeError("Failed to fetch")])(
  "keeps what it knows and asks again after %s",
  async (error) => {
    feed.begin();
    await settled();
    const good = answer;
    answer = () => {
      throw error;
    };
    feed.lost();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([COUNTS]);
    answer = good;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(lists().slice(-5)).toEqual(lists().slice(0, 5));
    expect(told).toEqual([COUNTS, COUNTS]);
  },
);

it.each([401, 403, 404])(
  "shows nothing and asks no more after a %i, until the next session",
  async (status) => {
    book.take(driven("r"));
    answer = () => {
      throw refusal(status);
    };
    feed.begin();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(told).toEqual([null]);
    expect(book.of("vehicle-of-r")).toBeUndefined();
    feed.begin();
    await settled();
    expect(asked).toHaveLength(2);
  },
);
