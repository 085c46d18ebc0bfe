import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DrawnVehicle } from "../../src/operator/debug.ts";
import {
  canvasBox,
  connectionText,
  launch,
  type Opened,
  open,
  pixelsLike,
  ready,
  until,
} from "./browser.ts";
import { demo, type Service } from "./service.ts";

/** Of the vehicles in light surroundings: `FILLS` of src/colors.ts. */
const HUES: [number, number, number][] = [
  [0x0b, 0x57, 0xd0],
  [0x8e, 0x24, 0xaa],
  [0x00, 0x69, 0x5c],
];
/** What a browser writes to the console when the service is not there. */
const UNREACHABLE =
  /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET|WebSocket connection/;

let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await demo();
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

/** Opens the page, and looks afterwards whether all went well beside the test's own matter. */
function onThePage(
  name: string,
  test: (opened: Opened) => Promise<void>,
  options: Parameters<typeof open>[2] = {},
): void {
  it(name, async () => {
    const opened = await open(browser, service.url, options);
    await ready(opened.page);
    await test(opened);
    expect(opened.errors.filter((error) => !UNREACHABLE.test(error))).toEqual([]);
    const { host } = new URL(service.url);
    const foreign = opened.requests.filter(
      (request) => !/^(data|blob):/.test(request) && new URL(request).host !== host,
    );
    expect(foreign, "requests to other origins").toEqual([]);
    await opened.page.context().close();
  });
}

const drawn = (page: Page) => page.evaluate(() => window.ridecast?.drawn() ?? []);
const viewportUpdates = (page: Page) => page.evaluate(() => window.ridecast?.viewportUpdates ?? 0);
const sessions = (page: Page) => page.evaluate(() => window.ridecast?.sessions);
const metres = (a: DrawnVehicle, b: DrawnVehicle) =>
  Math.hypot(
    (a.latitude - b.latitude) * 111_195,
    (a.longitude - b.longitude) * 111_195 * Math.cos((a.latitude * Math.PI) / 180),
  );

async function inSight(page: Page): Promise<DrawnVehicle[]> {
  const { width, height } = await canvasBox(page);
  const vehicles = await drawn(page);
  return vehicles.filter(({ x, y }) => x >= 0 && x <= width && y >= 0 && y <= height);
}

/** A vehicle that can be touched: well within the map, and no other near. */
function lone(page: Page): Promise<DrawnVehicle> {
  return until("a vehicle apart from the others", async () => {
    const { width, height } = await canvasBox(page);
    const vehicles = await drawn(page);
    return vehicles.find(
      (a) =>
        a.x > 60 &&
        a.x < width - 400 &&
        a.y > 60 &&
        a.y < height - 60 &&
        vehicles.every((b) => b === a || Math.hypot(a.x - b.x, a.y - b.y) > 30),
    );
  });
}

/** Where a vehicle is said to be drawn, there are its pixels. */
async function seesVehicle(page: Page): Promise<void> {
  await until("pixels in the vehicles' colour", async () => {
    const box = await canvasBox(page);
    const { x, y } = await lone(page);
    return (await pixelsLike(page, { x: box.x + x, y: box.y + y }, 12, HUES)) > 15;
  });
}

/** The counter says what can be seen; moving vehicles may cross the edge in between. */
async function countMatches(page: Page): Promise<number> {
  return until("the counter that says what is in sight", async () => {
    const before = (await inSight(page)).length;
    const said = Number.parseInt((await page.getByTestId("count").textContent()) ?? "", 10);
    const after = (await inSight(page)).length;
    return before === after && said === after && { count: said };
  }).then(({ count }) => count);
}

async function drag(page: Page, dx: number, dy: number): Promise<void> {
  const box = await canvasBox(page);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx, y + dy, { steps: 8 });
  await page.mouse.up();
}

onThePage("vehicles appear, are counted, glide and turn", async ({ page }) => {
  expect(await connectionText(page)).toBe("Live");
  expect(await countMatches(page)).toBeGreaterThan(0);
  const first = new Map((await drawn(page)).map((vehicle) => [vehicle.id, vehicle]));
  await until("a vehicle that moved and turned", async () =>
    (await drawn(page)).some((now) => {
      const then = first.get(now.id);
      if (!then || metres(then, now) < 5) return false;
      return Math.abs(((now.bearing - then.bearing + 540) % 360) - 180) > 10;
    }),
  );
  // Between two fixes: the places of ten frames without one in between.
  await until("a vehicle that glides between its fixes", () =>
    page.evaluate(async () => {
      const { ridecast } = window;
      if (!ridecast) return false;
      const before = ridecast.counts.fixes;
      const places = new Map<string, Set<number>>();
      for (let i = 0; i < 6; i++) {
        for (const { id, latitude, longitude } of ridecast.drawn()) {
          places.set(id, (places.get(id) ?? new Set()).add(latitude + longitude));
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (ridecast.counts.fixes !== before) return false;
      return [...places.values()].some((seen) => seen.size >= 5);
    }),
  );
  await until("updates that are counted", async () =>
    /^[1-9]/.test((await page.getByTestId("rate").textContent()) ?? ""),
  );
});

onThePage("the GPU draws a vehicle where it is said to be", async ({ page }) => {
  await seesVehicle(page);
});

onThePage("vehicles come back after the graphics card was lost", async ({ page }) => {
  await page.evaluate(async () => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas.maplibregl-canvas");
    const extension = canvas?.getContext("webgl2")?.getExtension("WEBGL_lose_context");
    const happens = (event: string) =>
      new Promise((resolve) => canvas?.addEventListener(event, resolve, { once: true }));
    const lost = happens("webglcontextlost");
    extension?.loseContext();
    await lost;
    const restored = happens("webglcontextrestored");
    // Not from within the event: the browser refuses that.
    setTimeout(() => extension?.restoreContext(), 100);
    await restored;
  });
  await seesVehicle(page);
});

onThePage("a pan moves the subscription without a reconnect", async ({ page, requests }) => {
  await countMatches(page);
  const before = await viewportUpdates(page);
  // Near by first, so that a pan leaves vehicles behind.
  const box = await canvasBox(page);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await until("an update after the zoom", async () => {
    await page.mouse.wheel(0, -300);
    return (await viewportUpdates(page)) > before;
  });
  await countMatches(page);
  const zoomed = await viewportUpdates(page);
  await until("an update after the pan", async () => {
    await drag(page, -500, 0);
    return (await viewportUpdates(page)) > zoomed;
  });
  await countMatches(page);
  await until("vehicles on the way back", async () => {
    await drag(page, 500, 0);
    return (await countMatches(page)) > 0;
  });
  expect(await sessions(page)).toBe(1);
  expect(requests.filter((request) => request.startsWith("ws"))).toHaveLength(1);
});

onThePage("a click shows the card, Escape closes it", async ({ page }) => {
  const box = await canvasBox(page);
  const card = page.getByTestId("card");
  await until("the card of a vehicle that is clicked", async () => {
    const { id, x, y } = await lone(page);
    await page.mouse.click(box.x + x, box.y + y);
    return (await card.isVisible()) && (await card.locator("h2").textContent()) === id;
  });
  expect(await card.textContent()).toMatch(/Class.+State.+Speed.+Bearing.+Last position.+ ago/);
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
});

onThePage("the list leads to the card by keyboard and back", async ({ page }) => {
  const row = page.locator(".list button").first();
  await row.focus();
  const id = await row.locator(".name").textContent();
  await page.keyboard.press("Enter");
  expect(await page.getByTestId("card").locator("h2").textContent()).toBe(id);
  await page.keyboard.press("Escape");
  expect(await page.getByTestId("card").count()).toBe(0);
  const focused = await page.evaluate(() => document.activeElement?.textContent);
  expect(focused).toContain(id);
});

onThePage("a followed vehicle stays in the middle until the map is dragged", async ({ page }) => {
  const box = await canvasBox(page);
  await page.locator(".list button").first().click();
  const id = await page.getByTestId("card").locator("h2").textContent();
  await page.getByLabel("Follow").check();
  const offset = async () => {
    const vehicle = (await drawn(page)).find((vehicle) => vehicle.id === id);
    // Of the room above the card, or of that beside it, whichever is larger.
    const card = await page.getByTestId("card").boundingBox();
    if (!card) return undefined;
    const [left, above] = [card.x - box.x, card.y - box.y];
    const isAbove = above * box.width > left * box.height;
    const middleX = (isAbove ? box.width : left) / 2;
    const middleY = (isAbove ? above : box.height) / 2;
    return vehicle && { vehicle, px: Math.hypot(vehicle.x - middleX, vehicle.y - middleY) };
  };
  const centred = () =>
    until("the vehicle in the middle", async () => {
      const now = await offset();
      return now && now.px < 4 && now.vehicle;
    });
  const start = await centred();
  await until("it goes on in the middle", async () => metres(start, await centred()) > 10);
  await drag(page, 150, 80);
  expect(await page.getByLabel("Follow").isChecked()).toBe(false);
  await until("the map stays where it was dragged", async () => ((await offset())?.px ?? 0) > 20);
});

onThePage("an area too large is said in words, and zooming in helps", async ({ page }) => {
  await page.locator("canvas.maplibregl-canvas").focus();
  const notice = page.getByTestId("notice");
  await until("the notice", async () => {
    await page.keyboard.press("-");
    return notice.isVisible();
  });
  expect(await notice.textContent()).toMatch(/too large.*Zoom in/);
  expect(await countMatches(page)).toBe(0);
  expect(await connectionText(page)).toBe("Live");
  await until("vehicles again", async () => {
    await page.keyboard.press("+");
    return (await notice.isHidden()) && (await inSight(page)).length > 0;
  });
  await countMatches(page);
  expect(await sessions(page)).toBe(1);
});

onThePage("a restart of the service is told and survived", async ({ page }) => {
  await service.stop();
  await until("Reconnecting", async () =>
    /^Reconnecting( in \d+ s|…)/.test((await connectionText(page)) ?? ""),
  );
  expect(await page.getByRole("status").textContent()).toBe("Reconnecting");
  // The last known stays on the map, and says how old it is.
  expect((await drawn(page)).length).toBeGreaterThan(0);
  await service.start();
  await until("Live", async () => (await connectionText(page)) === "Live", 60_000);
  const before = await page.evaluate(() => window.ridecast?.counts.fixes ?? 0);
  await until("vehicles that move again", () =>
    page.evaluate((before) => (window.ridecast?.counts.fixes ?? 0) > before, before),
  );
  await countMatches(page);
  expect(await page.getByRole("status").textContent()).toBe("Live");
});

onThePage("back online, it connects at once", async ({ page }) => {
  // The longest waits there may be: after some failed attempts they are long ones.
  await page.evaluate(() => {
    Math.random = () => 0.99;
  });
  await page.context().setOffline(true);
  await service.stop();
  await until(
    "a wait of more than 3 s",
    () =>
      page.evaluate(() => {
        const state = window.ridecast?.connection;
        return state?.kind === "waiting" && state.retryAtMs - Date.now() > 3_000;
      }),
    60_000,
  );
  await service.start();
  await page.context().setOffline(false);
  await until("Live", async () => (await connectionText(page)) === "Live", 2_000);
});

onThePage(
  "reduced motion: vehicles jump from fix to fix",
  async ({ page }) => {
    // Between two fixes of anybody, nothing moves.
    const moved = await page.evaluate(async () => {
      const { ridecast } = window;
      if (!ridecast) return -1;
      let moved = 0;
      for (let i = 0; i < 100; i++) {
        const fixes = ridecast.counts.fixes;
        const before = JSON.stringify(ridecast.drawn().map((v) => [v.latitude, v.longitude]));
        await new Promise((resolve) => setTimeout(resolve, 8));
        const after = JSON.stringify(ridecast.drawn().map((v) => [v.latitude, v.longitude]));
        if (ridecast.counts.fixes === fixes && before !== after) moved += 1;
      }
      return moved;
    });
    expect(moved).toBe(0);
  },
  { reducedMotion: "reduce" },
);

onThePage(
  "on a phone, in the dark: nothing overflows or hides the vehicle, the switch gives light",
  async ({ page }) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe("dark");
    await page.getByRole("button", { name: "Dark" }).click();
    expect(await theme()).toBe("light");
    await page.getByRole("button", { name: "List" }).click();
    await page.locator(".list button").first().click();
    const card = page.getByTestId("card");
    expect(await card.isVisible()).toBe(true);
    // The card lies over the map: a vehicle that it would hide comes to the middle.
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "List" }).click();
    await page.locator(".list").waitFor({ state: "detached" });
    const box = await canvasBox(page);
    await until("the card of a vehicle far down", async () => {
      const all = (await drawn(page)).sort((a, b) => b.y - a.y);
      const lowest = all.find(({ x }) => x > 60 && x < box.width - 60);
      if (!lowest) return false;
      // The map is moved until the vehicle is where the card will be.
      const rest = box.height - 90 - lowest.y;
      if (Math.abs(rest) > 30) {
        await drag(page, 0, Math.max(-200, Math.min(200, rest)));
        return false;
      }
      await page.mouse.click(box.x + lowest.x, box.y + lowest.y);
      return card.isVisible();
    });
    const id = await card.locator("h2").textContent();
    await until("the vehicle above its card", async () => {
      const edge = (await card.boundingBox())?.y ?? 0;
      const vehicle = (await drawn(page)).find((vehicle) => vehicle.id === id);
      return vehicle && box.y + vehicle.y < edge;
    });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide).toBe(false);
    expect(await page.getByText("© OpenStreetMap contributors").isVisible()).toBe(true);
  },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true },
);
