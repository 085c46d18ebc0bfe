// Server-sent events as a real EventSource takes them, over a kill -9 of the service.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, until } from "./browser.ts";
import { Person } from "./person.ts";
import { serve } from "./service.ts";

const PICKUP = { latitude: 43.7384, longitude: 7.4246 };
const DROPOFF = { latitude: 43.7445, longitude: 7.431 };

/** What the page has heard. */
interface Heard {
  /** Places in the inbox, in the order they came. */
  places: string[];
  /** States of rides. */
  states: string[];
  /** How often a connection was opened. */
  opened: number;
}

let service: Awaited<ReturnType<typeof serve>>;
let browser: Browser;

beforeAll(async () => {
  service = await serve({ keeps: true });
  await service.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function heard(page: Page): Promise<Heard> {
  return page.evaluate(() => (window as unknown as { heard: Heard }).heard);
}

async function request(rider: Person): Promise<string> {
  const ride = await rider.ask({
    type: "request_ride",
    pickup: PICKUP,
    dropoff: DROPOFF,
    vehicle_class: "car",
    idempotency_key: crypto.randomUUID(),
  });
  if (!ride) throw new Error("no ride");
  return ride.ride_id;
}

it("a person's inbox goes on where it was, with a ticket each time", async () => {
  const token = service.token("rosa", "rider");
  const rider = await Person.come(service.url, token);
  const { page } = await open(browser, service.url);
  await page.evaluate((token) => {
    const heard: Heard = { places: [], states: [], opened: 0 };
    Object.assign(window, { heard });
    let last = "";
    // As docs/protocol.md has it: a ticket is good once, so a lost stream is begun anew.
    const listen = async (): Promise<void> => {
      const reply = await fetch("/v1/tickets", {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
      }).catch(() => undefined);
      if (!reply?.ok) return void setTimeout(listen, 200);
      const query = new URLSearchParams({ ticket: (await reply.json()).ticket });
      if (last) query.set("resume", last);
      const events = new EventSource(`/v1/events?${query}`);
      events.addEventListener("welcome", () => heard.opened++);
      events.addEventListener("event", (event) => {
        last = event.lastEventId;
        heard.places.push(last);
        heard.states.push(JSON.parse(event.data).event.state);
      });
      events.onerror = () => {
        events.close();
        setTimeout(listen, 200);
      };
    };
    void listen();
  }, token);
  await until("the stream", async () => (await heard(page)).opened === 1);
  const first = await request(rider);
  await until("the first ride", async () => (await heard(page)).states.includes("requested"));

  await service.stop();
  rider.leave();
  await service.start();
  const again = await Person.come(service.url, token);
  await again.ask({ type: "cancel_ride", ride_id: first });
  await until("the end", async () => (await heard(page)).states.includes("cancelled"));
  const { places, opened } = await heard(page);
  expect(opened).toBeGreaterThan(1);
  const offsets = places.map((place) => Number(place.split(".")[1]));
  // None missed, none twice.
  expect(offsets).toEqual(offsets.map((_, nth) => (offsets[0] ?? 0) + nth));
  again.leave();
  await page.context().close();
});

it("a shared trip comes back by itself", async () => {
  const token = service.token("lola", "rider");
  const rider = await Person.come(service.url, token);
  const ride_id = await request(rider);
  const reply = await fetch(new URL(`v1/rides/${ride_id}/share`, service.url), {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  const link: { token: string } = await reply.json();
  const { page } = await open(browser, service.url);
  await page.evaluate((share) => {
    const heard: Heard = { places: [], states: [], opened: 0 };
    Object.assign(window, { heard });
    const events = new EventSource(`/v1/share/${share}/events`);
    events.onopen = () => heard.opened++;
    events.addEventListener("ride", (event) => heard.states.push(JSON.parse(event.data).state));
  }, link.token);
  await until("the ride", async () => (await heard(page)).states.length > 0);

  await service.stop();
  rider.leave();
  await service.start();
  await until("the ride again", async () => (await heard(page)).opened > 1);
  const again = await Person.come(service.url, token);
  await again.ask({ type: "cancel_ride", ride_id });
  await until("its end", async () => (await heard(page)).states.includes("cancelled"));
  again.leave();
  await page.context().close();
});
