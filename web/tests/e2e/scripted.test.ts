// What the demo does not do on its own: a service without a ready token, fixes
// far apart. And the policy: the mock sends the strictest one.
import type { Browser } from "playwright-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import { connectionText, launch, open, ready, until } from "./browser.ts";
import { mock, type Service } from "./service.ts";

let browser: Browser;
let service: Service;

beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

afterEach(() => service?.stop());

async function serve(options: Parameters<typeof mock>[0]): Promise<string> {
  service = await mock(options);
  await service.start();
  return service.url;
}

it("asks for a token, says when it is refused, and goes on with a good one", async () => {
  const url = await serve({ token: "good" });
  const { page } = await open(browser, url);
  const field = page.getByLabel("Access token");
  await field.fill("bad");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("did not take the last one").waitFor();
  expect(await connectionText(page)).toBe("Not connected: no valid token");
  await field.fill("good");
  await page.getByRole("button", { name: "Connect" }).click();
  await ready(page);
  expect(await connectionText(page)).toBe("Live");
  // A reload keeps it.
  await page.reload();
  await ready(page);
  await page.context().close();
});

it("takes a token from the address's fragment, and takes it out of there", async () => {
  const url = await serve({ token: "good" });
  const { page } = await open(browser, `${url}#token=good`);
  await ready(page);
  expect(page.url()).toBe(url);
  await page.context().close();
});

it("fades what was not heard of for long, tells its age, and runs under a strict policy", async () => {
  const url = await serve({ intervalMs: 500, vehicles: 20 });
  const { page, errors } = await open(browser, url);
  await ready(page);
  await page.waitForFunction(() => (window.ridecast?.counts.fixes ?? 0) > 80);
  await service.stop();
  await until("every vehicle faded", () =>
    page.evaluate(() =>
      // The silent ones are drawn faded as it is; nothing is known of their pace.
      window.ridecast?.drawn().every(({ faded, state }) => faded === 1 || state === "silent"),
    ),
  );
  await until("the age in words", async () =>
    /Data \d+ s old/.test((await connectionText(page)) ?? ""),
  );
  await page
    .getByText(/^\d+ s old$/)
    .first()
    .waitFor();
  // A refusal by the policy would be an error of its own kind.
  expect(errors.filter((error) => /policy|directive/i.test(error))).toEqual([]);
  await page.context().close();
});

it("an idle map is not drawn again and again", async () => {
  const url = await serve({ vehicles: 0 });
  const { page } = await open(browser, url);
  const frames = () => page.evaluate(() => window.ridecast?.frames.count ?? 0);
  await until("the connection", async () => (await connectionText(page)) === "Live");
  await until("two seconds with at most two frames", async () => {
    const before = await frames();
    await page.waitForTimeout(2_000);
    return (await frames()) - before <= 2;
  });
  await page.context().close();
});
