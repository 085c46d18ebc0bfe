// Own messages that have not been sent when the page is loaded anew.
import type { Page, WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import type { Event } from "../../sdk/index.ts";
import { until } from "./browser.ts";
import { accept, goOnline, Town } from "./driver.ts";
import { Driver, heading, request, ridersPage } from "./rider.ts";

const town = new Town({ keeps: false });

it("what a rider could not send is sent after a reload, and once", async () => {
  const driver = await Driver.come(town.service, "ana");
  const { page } = await ridersPage(town.browser, town.service, "rosa");
  try {
    const way = await Way.before(page);
    await request(page);
    await driver.accept();
    await heading(page, "Your driver comes in");
    await losesAnswersAndReloads(page, way, () => texts(driver.events, "rider"));
  } finally {
    driver.leave();
    await page.context().close();
  }
});

it("what a driver could not send is sent after a reload, and once", async () => {
  const { page } = await town.driver();
  const way = await Way.before(page);
  await town.introduce(page);
  await goOnline(page);
  await town.request();
  await accept(page);
  await losesAnswersAndReloads(page, way, () => texts(town.rider.events, "driver"));
});

/** Writes one message whose answer is lost, and one that is never sent, and loads the page anew. */
async function losesAnswersAndReloads(page: Page, way: Way, arrived: () => string[]) {
  await page.getByRole("button", { name: /Chat/ }).click();
  const chat = page.getByTestId("chat");
  await chat.getByRole("textbox").waitFor();
  way.mode = "deaf";
  await write(page, "At the gate");
  await until("the one whose answer is lost", async () => arrived().length === 1);
  way.shut();
  await write(page, "In a red coat");
  await until("both under way", async () => (await chat.locator(".mark.sending").count()) === 2);
  await page.reload();
  await until("a connection that is refused", async () => way.refused > 0);
  way.mode = "open";
  await page.getByRole("button", { name: /Chat/ }).click();
  await chat.getByText("In a red coat").waitFor();
  await until("both sent", async () => {
    const marks = await chat.locator(".mine .mark").allTextContents();
    return marks.length === 2 && (await chat.locator(".mark.sending, .mark.failed").count()) === 0;
  });
  // The first would have come twice before the second did.
  await until("the other side has both", async () => arrived().length > 1);
  expect(arrived()).toEqual(["At the gate", "In a red coat"]);
  const kept = await page.evaluate(() =>
    Object.keys(sessionStorage).filter((name) => name.includes("chat")),
  );
  expect(kept).toEqual([]);
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByTestId("chat").getByRole("textbox").fill(text);
  await page.keyboard.press("Enter");
}

function texts(events: Event[], by: "rider" | "driver"): string[] {
  return events.flatMap((event) =>
    event.kind === "chat" && event.from === by ? [event.text ?? ""] : [],
  );
}

/** What the page's socket goes through. */
class Way {
  /** `deaf`: what the page says gets through, and nothing comes back. `shut`: no socket opens. */
  mode: "open" | "deaf" | "shut" = "open";
  /** Sockets that were not let through since it was shut. */
  refused = 0;
  private socket: WebSocketRoute | undefined;

  /** Stands there from the page's next load on, which is now. */
  static async before(page: Page): Promise<Way> {
    const way = new Way();
    await page.routeWebSocket(/\/v1\/ws/, (near) => way.open(near));
    await page.reload();
    await page.getByTestId("connection").filter({ hasText: "Live" }).waitFor();
    return way;
  }

  shut(): void {
    this.mode = "shut";
    void this.socket?.close();
  }

  private open(near: WebSocketRoute): void {
    if (this.mode === "shut") {
      this.refused += 1;
      void near.close();
      return;
    }
    this.socket = near;
    near.connectToServer().onMessage((message) => {
      if (this.mode === "open") near.send(message);
    });
  }
}
