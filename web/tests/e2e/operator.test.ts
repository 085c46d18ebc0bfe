// The operators' page in a town of the demo: search, filters, cells, trails,
// replay, charts, and the address that carries them.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  canvasBox,
  connectionText,
  findings,
  LOOKS,
  launch,
  open,
  pixelsLike,
  ready,
  SIZES,
  until,
} from "./browser.ts";
import { demo, type Service } from "./service.ts";

/** Of a trail, in light surroundings. */
const WAY: [number, number, number] = [0xc2, 0x41, 0x0c];

let service: Service;
let browser: Browser;
/** What the page asks with. */
let token: string;

beforeAll(async () => {
  service = await demo();
  await service.start();
  browser = await launch();
  token = (await (await fetch(`${service.url}config.json`)).json()).token;
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function visit(search = "", options: BrowserContextOptions = {}) {
  const opened = await open(browser, service.url + search, options);
  await ready(opened.page);
  return opened;
}

async function get<T>(path: string): Promise<T> {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(service.url + path, { headers });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Waits for the map, which comes some time after the page has loaded. */
async function handle(page: Page) {
  const told = await page.waitForFunction(() => {
    const { ridecast } = window;
    if (!ridecast) return null;
    const { shown, cells, counts, replay, view } = ridecast;
    return { shown, cells, counts, replay, view, drawn: ridecast.drawn() };
  });
  const value = await told.jsonValue();
  if (value === null) throw new Error("no page");
  return value;
}
const heading = (page: Page) => page.getByTestId("card").locator("h2").textContent();
const address = (page: Page) => new URL(page.url()).searchParams;

it("a plate is searched for and found by keyboard, as people write plates", async () => {
  const { page, errors } = await visit();
  const { drawn } = await handle(page);
  const { id } = drawn[3] ?? { id: "" };
  const card = await get<{ info: { plate?: string } }>(`v1/vehicles/${id}`);
  const plate = card.info.plate ?? "";
  expect(plate).not.toBe("");
  await page.keyboard.press("/");
  await page.keyboard.type(plate.toLowerCase().replace(/\s/g, ""));
  const option = page.getByRole("option", { name: plate });
  await option.waitFor();
  expect(await page.getByRole("combobox", { expanded: true }).count()).toBe(1);
  // Over everything else.
  const seen = await option.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    return element.contains(top);
  });
  expect(seen).toBe(true);
  await page.keyboard.press("Enter");
  await option.waitFor({ state: "hidden" });
  expect(await heading(page)).toBe(id);
  await until("the vehicle near by", async () => {
    const { view, drawn } = await handle(page);
    const box = await canvasBox(page);
    const there = drawn.find((vehicle) => vehicle.id === id);
    return view.zoom >= 14 && there && there.x > 0 && there.x < box.width;
  });
  await page.getByText(plate, { exact: true }).waitFor();
  // The keyboard went on into the card.
  await page.locator(".card:focus").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("nobody of this name");
  await page.getByText("Nothing found.").waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

it("a filter holds for the map, the counter, the list and the address", async () => {
  const { page } = await visit();
  await until("rides", async () => (await handle(page)).drawn.some(({ onRide }) => onRide));
  await page.getByRole("button", { name: /^Free/ }).click();
  await until("none that is free", async () => {
    const { drawn, counts } = await handle(page);
    if (!drawn.every(({ onRide, state }) => onRide || state === "silent")) return false;
    const said = Number.parseInt((await page.getByTestId("count").textContent()) ?? "", 10);
    const listed = await page.locator(".list li").count();
    return drawn.length === said && said === listed && counts.inView === said;
  });
  await until("the address", async () => address(page).get("only") === "ride,silent");
  await page.reload();
  await until("the same after a reload", async () => {
    const { drawn } = await handle(page).catch(() => ({ drawn: [] }));
    return drawn.length > 0 && drawn.every(({ onRide, state }) => onRide || state === "silent");
  });
  await page.getByRole("button", { name: /^Free/ }).click();
  await until("all again", async () => (await handle(page)).drawn.some(({ onRide }) => !onRide));
  await page.getByLabel("Class").selectOption("van");
  const vans = await until("vans only", async () => {
    const { drawn, counts } = await handle(page);
    return drawn.length > 0 && drawn.length === counts.inView && drawn;
  });
  for (const { id } of vans) {
    const { vehicle } = await get<{ vehicle: { class: string } }>(`v1/vehicles/${id}`);
    expect(vehicle.class).toBe("van");
  }
  await page.context().close();
});

it("cells have all vehicles' numbers in place of the vehicles, and a click goes nearer", async () => {
  const { page } = await visit("?show=cells");
  const { cells } = await until("the numbers", async () => {
    const now = await handle(page);
    return now.shown === "cells" && now.cells.vehicles !== null && now;
  });
  expect(cells.count).toBeGreaterThan(1);
  expect(cells.vehicles).toBeLessThanOrEqual(30);
  const seen = await handle(page);
  expect(seen.drawn).toEqual([]);
  expect(seen.counts.held).toBe(0);
  await page.getByTestId("legend").waitFor();
  await page.getByText("press a cell").waitFor();
  expect(await findings(page)).toEqual([]);
  const { zoom } = seen.view;
  // Somewhere on the map is a cell: the one below the pointer that becomes a hand.
  const box = await canvasBox(page);
  await until("a click on a cell", async () => {
    for (let y = 100; y < box.height - 100; y += 40) {
      for (let x = 100; x < box.width - 100; x += 40) {
        await page.mouse.move(box.x + x, box.y + y);
        const hand = await page.evaluate(
          () =>
            document.querySelector<HTMLElement>("canvas.maplibregl-canvas")?.style.cursor ===
            "pointer",
        );
        if (!hand) continue;
        await page.mouse.click(box.x + x, box.y + y);
        return true;
      }
    }
    return false;
  });
  await until("a nearer view", async () => (await handle(page)).view.zoom > zoom + 1);
  await page.context().close();
});

it("a trail is drawn behind the vehicle, and both are there after a reload", async () => {
  const { page } = await visit();
  const moving = await until("a vehicle on its way", async () => {
    const { vehicles } = await get<{ vehicles: { vehicle: { id: string; speed?: number } }[] }>(
      "v1/search?text=sim&limit=50",
    );
    return vehicles.find(({ vehicle }) => (vehicle.speed ?? 0) > 8)?.vehicle.id;
  });
  await page.goto(`${service.url}?vehicle=${moving}&trail=1`);
  const seesTrail = () =>
    until("the trail beside the vehicle", async () => {
      const { drawn } = await handle(page);
      const vehicle = drawn.find(({ id }) => id === moving);
      if (!vehicle) return false;
      const box = await canvasBox(page);
      return (
        (await pixelsLike(page, { x: box.x + vehicle.x, y: box.y + vehicle.y }, 40, [WAY])) > 20
      );
    });
  await seesTrail();
  expect(await heading(page)).toBe(moving);
  await page.reload();
  await seesTrail();
  expect(await page.getByLabel("Trail").isChecked()).toBe(true);
  await page.getByLabel("Trail").uncheck();
  await until("the address without it", async () => !address(page).has("trail"));
  await page.context().close();
});

it("the view is in the address", async () => {
  const { page } = await visit();
  expect(page.url()).toBe(service.url);
  await page.locator("canvas.maplibregl-canvas").focus();
  await page.keyboard.press("+");
  const [latitude, longitude, zoom] = await until("the view", async () =>
    address(page).get("at")?.split(",").map(Number),
  );
  await page.reload();
  await ready(page);
  const { view } = await handle(page);
  expect(view.latitude).toBeCloseTo(latitude ?? 0, 3);
  expect(view.longitude).toBeCloseTo(longitude ?? 0, 3);
  expect(view.zoom).toBeCloseTo(zoom ?? 0, 1);
  await page.context().close();
});

it("the past is played, sought through and left; its address brings it back", async () => {
  await until("half a minute that is kept", async () => {
    const [from_ms, to_ms] = [Date.now() - 2_000, Date.now() - 1_000];
    const nowhere = `south=0&west=0&north=0.01&east=0.01&from_ms=${from_ms}&to_ms=${to_ms}`;
    const { kept_from_ms } = await get<{ kept_from_ms: number }>(`v1/history?${nowhere}`);
    return kept_from_ms < Date.now() - 30_000;
  });
  const { page, errors } = await visit();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText(/^Kept since/).waitFor();
  await page.getByRole("button", { name: "Last 10 min" }).click();
  const player = page.getByTestId("replay");
  await player.getByText(/^Past: /).waitFor();
  const start = await until("vehicles of the past", async () => {
    const { replay, drawn } = await handle(page);
    return replay && !replay.waiting && drawn.length > 0 && replay;
  });
  await until("time that goes on", async () => {
    const { replay } = await handle(page);
    return replay && replay.atMs > start.atMs + 2_000;
  });
  // Held, it stands, and nothing moves or fades.
  await player.getByRole("button", { name: "Pause" }).click();
  const stands = await handle(page);
  await page.waitForTimeout(500);
  const still = await handle(page);
  expect(still.replay?.atMs).toBe(stands.replay?.atMs);
  const places = ({ drawn }: typeof still) => drawn.map((v) => [v.latitude, v.longitude, v.faded]);
  expect(places(still)).toEqual(places(stands));
  // By the keyboard to the end, and back to the beginning.
  const slider = player.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("End");
  await until("the end", async () => ((await handle(page)).replay?.atMs ?? 0) > start.atMs + 5_000);
  await page.keyboard.press("Home");
  await until("the beginning", async () => {
    const { replay } = await handle(page);
    return replay && !replay.waiting && replay.atMs <= start.atMs;
  });
  await player.getByRole("button", { name: "×60" }).click();
  await player.getByRole("button", { name: "Play" }).click();
  await until("the end, at sixty times the speed", async () => {
    const { replay } = await handle(page);
    return replay && !replay.playing && replay.atMs > start.atMs + 5_000;
  });
  await until("the address", async () => address(page).has("from") && address(page).has("to"));
  // When all of them were on their way.
  const [from, to] = [Date.now() - 22_000, Date.now() - 12_000];
  const past = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  await page.goto(`${service.url}?${past}`);
  const held = await until("the past of the address", async () => {
    const { replay, drawn } = await handle(page).catch(() => ({ replay: null, drawn: [] }));
    return replay && !replay.playing && drawn.length > 0 && replay;
  });
  expect(held.atMs).toBe(from);
  await page.getByRole("button", { name: "Back to live" }).click();
  const { fixes } = (await handle(page)).counts;
  await until("vehicles that move now", async () => {
    const { replay, counts } = await handle(page);
    return replay === null && counts.fixes > fixes && counts.inView > 0;
  });
  expect(await connectionText(page)).toBe("Live");
  expect(errors).toEqual([]);
  await page.context().close();
});

it("charts come when they are looked at, with their values in words", async () => {
  const { page, requests, errors } = await visit();
  expect(requests.filter((request) => /uplot/i.test(request))).toEqual([]);
  await page.getByRole("tab", { name: "Charts" }).click();
  await until("three charts", async () => (await page.locator(".uplot canvas").count()) === 3);
  await page.locator(".charts summary").first().click();
  await until("vehicles in numbers", async () =>
    /Free\s*\d+/.test((await page.locator(".charts table").first().textContent()) ?? ""),
  );
  expect(errors).toEqual([]);
  await page.context().close();
});

it.each(LOOKS)("nothing hinders people: panels, $size, $scheme", async ({ size, scheme }) => {
  const { page } = await visit("", {
    viewport: SIZES[size],
    colorScheme: scheme,
    hasTouch: size === "phone",
  });
  const fits = async () => {
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(
      false,
    );
  };
  await page.getByRole("combobox", { name: "Search" }).fill("sim");
  await page.getByRole("option").first().waitFor();
  await fits();
  await page.keyboard.press("Escape");
  if (size === "phone") await page.getByRole("button", { name: "List" }).click();
  await page.getByRole("tab", { name: /^Rides/ }).click();
  await fits();
  await page.getByRole("tab", { name: "Charts" }).click();
  await page.locator(".uplot canvas").first().waitFor();
  await fits();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByRole("button", { name: "Last 10 min" }).click();
  await page.getByRole("slider").waitFor();
  await fits();
  await page.context().close();
});
