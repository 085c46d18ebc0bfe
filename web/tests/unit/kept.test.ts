import { beforeEach, describe, expect, it } from "vitest";
import { listOf, number, oneOf, orNull, place, record, text } from "../../src/service/checks.ts";
import { keep, kept, recall } from "../../src/service/kept.ts";

let stands: Map<string, string>;
/** What a browser's storage throws on; nothing: it works. */
let broken: "look" | "write" | undefined;

function storage() {
  if (broken === "look") throw new DOMException("The request was denied.", "SecurityError");
  return {
    getItem: (key: string) => stands.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (broken === "write") throw new DOMException("It is full.", "QuotaExceededError");
      stands.set(key, value);
    },
    removeItem: (key: string) => stands.delete(key),
  };
}

beforeEach(() => {
  stands = new Map();
  broken = undefined;
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(globalThis, name, { get: storage, configurable: true });
  }
});

describe("what is kept", () => {
  it("is there again, under a name of ours, until it is forgotten", () => {
    keep("tab", "a", { x: [1] });
    expect(stands.get("ridecast.a")).toBe('{"x":[1]}');
    expect(recall("tab", "a", record({ x: listOf(number) }))).toEqual({ x: [1] });
    keep("tab", "a", null);
    expect(stands.size).toBe(0);
    expect(recall("tab", "a", text)).toBeUndefined();
  });

  it("outlives the page as a signal", () => {
    kept("b", "light", oneOf("light", "dark")).value = "dark";
    expect(kept("b", "light", oneOf("light", "dark")).value).toBe("dark");
  });

  it.each(["", "{", "undefined", "null", "7", '"purple"', "[]", '{"light":1}'])(
    "is as if it were not there when somebody wrote %s",
    (garbage) => {
      stands.set("ridecast.c", garbage);
      expect(kept("c", "light", oneOf("light", "dark")).value).toBe("light");
      expect(stands.get("ridecast.c")).toBe('"light"');
    },
  );
});

describe.each(["look", "write"] as const)("a storage that fails at a %s", (how) => {
  it("keeps it as long as the page lasts", () => {
    const name = `d.${how}`;
    keep("browser", name, "before");
    broken = how;
    keep("browser", name, "after");
    expect(recall("browser", name, text)).toBe("after");
    const chosen = kept(`e.${how}`, 1, number);
    chosen.value = 2;
    expect(chosen.value).toBe(2);
    keep("browser", name, null);
    expect(recall("browser", name, text)).toBeUndefined();
    // Whatever was in the way is gone.
    broken = undefined;
    keep("browser", name, "again");
    expect(recall("browser", name, text)).toBe("again");
    expect(stands.get(`ridecast.${name}`)).toBe('"again"');
  });
});

describe("checks", () => {
  it("a place is one on earth", () => {
    expect(place({ latitude: 43.7, longitude: 7.4 })).toBe(true);
    expect(place({ latitude: 43.7, longitude: 7.4, address: "Rue du Ténao" })).toBe(true);
    for (const wrong of [
      null,
      [],
      "43.7,7.4",
      { latitude: 43.7 },
      { latitude: "43.7", longitude: 7.4 },
      { latitude: 91, longitude: 7.4 },
      { latitude: 43.7, longitude: -181 },
      { latitude: 43.7, longitude: 7.4, address: 3 },
    ]) {
      expect(place(wrong), JSON.stringify(wrong)).toBe(false);
    }
  });

  it("null passes where there may be nothing", () => {
    expect(orNull(text)(null)).toBe(true);
    expect(orNull(text)(undefined)).toBe(false);
    expect(number(Number.NaN)).toBe(false);
  });
});
