import { beforeEach, expect, it, vi } from "vitest";
import type { PageConfig } from "../../src/service/config.ts";
import { Identity } from "../../src/service/identity.ts";

const config = { demo: false } as PageConfig;

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("location", { hash: "" });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal("localStorage", sessionStorage);
});

it("asks for a token where there is none, and for another once it was refused", async () => {
  const identity = new Identity("rider", config);
  expect(await identity.fresh()).toBe("");
  expect(identity.refused()).toBe(false);
  expect(identity.wanted.value).toBe("first");
  identity.use("t1");
  expect(await identity.fresh()).toBe("t1");
  expect(identity.refused()).toBe(false);
  expect(identity.wanted.value).toBe("refused");
});

it("does not forget a token that was given while the one before was refused", async () => {
  const identity = new Identity("rider", config);
  await identity.fresh();
  identity.use("t1");
  expect(identity.refused()).toBe(true);
  expect(identity.wanted.value).toBe("none");
  expect(await identity.fresh()).toBe("t1");
});

it("keeps somebody of the demo over reconnects where the browser keeps nothing", async () => {
  const blocked = () => {
    throw new DOMException("Access is denied for this document.", "SecurityError");
  };
  const nothing = { getItem: blocked, setItem: blocked, removeItem: blocked };
  vi.stubGlobal("localStorage", nothing);
  vi.stubGlobal("sessionStorage", nothing);
  const asked: unknown[] = [];
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    asked.push(JSON.parse(body));
    return Response.json({ token: `t${asked.length}`, user: "rider-7" });
  });
  const identity = new Identity("rider", { demo: true } as PageConfig);
  expect(await identity.fresh()).toBe("t1");
  expect(await identity.fresh()).toBe("t1");
  // The demo has started anew: another token, for the same person.
  expect(identity.refused()).toBe(true);
  expect(await identity.fresh()).toBe("t2");
  expect(asked).toEqual([{ role: "rider" }, { role: "rider", user: "rider-7" }]);
});
