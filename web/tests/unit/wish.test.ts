import { beforeEach, describe, expect, it, vi } from "vitest";
import { Wish } from "../../src/ride/wish.ts";

const HERE = { latitude: 43.73, longitude: 7.42 };
const THERE = { latitude: 43.74, longitude: 7.43 };

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});

describe("the wish", () => {
  it("asks for the pickup, then for the dropoff, then for nothing", () => {
    const wish = new Wish();
    expect(wish.asked.value).toBe("pickup");
    wish.set("pickup", HERE);
    expect(wish.asked.value).toBe("dropoff");
    wish.set("dropoff", THERE);
    expect(wish.asked.value).toBeUndefined();
    wish.set("pickup", undefined);
    expect(wish.asked.value).toBe("pickup");
  });

  it("is the same ride when it is sent again, and another one after a change", () => {
    const wish = new Wish();
    wish.begin({ pickup: HERE, dropoff: THERE });
    const key = wish.request()?.idempotency_key;
    expect(key).toBeDefined();
    expect(wish.request()?.idempotency_key).toBe(key);
    wish.swap();
    expect(wish.request()?.pickup).toBe(THERE);
    expect(wish.request()?.idempotency_key).not.toBe(key);
  });

  it("outlives a reload with its key, so that nobody gets two rides", () => {
    const before = new Wish();
    before.begin({ pickup: HERE, dropoff: THERE });
    const sent = before.request();
    expect(new Wish().request()).toEqual(sent);
    before.heard();
    expect(new Wish().request()?.idempotency_key).not.toBe(sent?.idempotency_key);
  });

  it("says no street for a place that was moved meanwhile", () => {
    const wish = new Wish();
    wish.set("pickup", HERE);
    const moved = { ...HERE, latitude: 43.735 };
    wish.set("pickup", moved);
    wish.name("pickup", HERE, "Rue du Ténao");
    expect(wish.pickup.value).toBe(moved);
  });
});
