import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Rest, restOf, ServiceError } from "../../sdk/index.ts";

const asked: { method: string; path: string; token: unknown }[] = [];
let answers: (() => Response)[];
let rest: Rest;

const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), { status });
const away = (): Response => {
  throw new TypeError("fetch failed");
};
const unavailable = json({ code: "unavailable", message: "m", retryable: true }, 503);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  asked.length = 0;
  vi.stubGlobal(
    "fetch",
    async (url: URL, { method, headers }: { method: string; headers: object }) => {
      asked.push({ method, path: url.pathname + url.search, token: Object.values(headers)[0] });
      return (answers.shift() ?? away)();
    },
  );
  rest = restOf("https://host/below/", () => "t");
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it.each<[(rest: Rest) => Promise<unknown>, string]>([
  [(it) => it.rides({ limit: 2, before: "a b" }), "GET /below/v1/rides?limit=2&before=a+b"],
  [(it) => it.ride("r/1"), "GET /below/v1/rides/r%2F1"],
  [(it) => it.counts(), "GET /below/v1/rides/counts"],
  [(it) => it.track("r"), "GET /below/v1/rides/r/track"],
  [(it) => it.chat("r", { before: 3 }), "GET /below/v1/rides/r/chat?before=3"],
  [(it) => it.route("r"), "GET /below/v1/rides/r/route"],
  [(it) => it.share("r"), "POST /below/v1/rides/r/share"],
  [(it) => it.unshare("r", "t"), "DELETE /below/v1/rides/r/share/t"],
  [
    (it) => it.nearby({ latitude: 1, longitude: 2, radius_m: 3 }),
    "GET /below/v1/vehicles?latitude=1&longitude=2&radius_m=3",
  ],
  [
    (it) =>
      it.estimate({
        pickup: { latitude: 1, longitude: 2 },
        dropoff: { latitude: 3, longitude: 4 },
        vehicle_class: "car",
      }),
    "GET /below/v1/estimate?pickup_latitude=1&pickup_longitude=2" +
      "&dropoff_latitude=3&dropoff_longitude=4&vehicle_class=car",
  ],
  [(it) => it.ticket(), "POST /below/v1/tickets"],
  [(it) => it.get("v1/search", { text: "x", limit: undefined }), "GET /below/v1/search?text=x"],
])("asks with the token: %s", async (ask, line) => {
  answers = [
    line.startsWith("DELETE") ? () => new Response(null, { status: 204 }) : json({ a: 1 }),
  ];
  expect(await ask(rest)).toEqual(line.startsWith("DELETE") ? undefined : { a: 1 });
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([line]);
  expect(asked[0]?.token).toBe("Bearer t");
});

it("tries a GET again while the network or the service is away", async () => {
  answers = [away, unavailable, json({ counts: [] })];
  const counts = rest.counts();
  await vi.advanceTimersByTimeAsync(500 + 1_000);
  expect(await counts).toEqual({ counts: [] });
  expect(asked).toHaveLength(3);
});

it("gives up in time, with what the last try said", async () => {
  answers = Array.from({ length: 20 }, () => unavailable);
  const counts = expect(rest.counts()).rejects.toMatchObject({
    status: 503,
    body: { code: "unavailable" },
  });
  await vi.advanceTimersByTimeAsync(10_000);
  await counts;
  expect(asked.length).toBeGreaterThan(3);
});

it("does not repeat a refusal, nor what is no GET", async () => {
  answers = [json({ code: "unknown_ride", message: "m", retryable: false }, 404), unavailable];
  await expect(rest.ride("r")).rejects.toBeInstanceOf(ServiceError);
  await expect(rest.share("r")).rejects.toBeInstanceOf(ServiceError);
  expect(asked).toHaveLength(2);
});

it("takes a word of something in between for a passing trouble", async () => {
  answers = [() => new Response("<html>", { status: 502 })];
  await expect(rest.ticket()).rejects.toMatchObject({
    status: 502,
    body: { code: "unavailable", message: "HTTP 502", retryable: true },
  });
});
