import { WebSocket } from "ws";
import type { ClientMessage, Event, Ride, ServerMessage } from "../../sdk/index.ts";
import { until } from "./browser.ts";

type Reply = Extract<ServerMessage, { type: "ok" | "error" }>;

/** A rider or driver whose app is the test. */
export class Person {
  readonly events: Event[] = [];
  private readonly replies = new Map<number, Reply>();
  private welcome = false;
  private nextId = 1;

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", (data) => {
      const message: ServerMessage = JSON.parse(String(data));
      if (message.type === "welcome") this.welcome = true;
      if (message.type === "event") this.events.push(message.event);
      const reply = message.type === "ok" || message.type === "error";
      if (reply && typeof message.id === "number") this.replies.set(message.id, message);
    });
  }

  /** @param url of the service */
  static async come(url: string, token: string): Promise<Person> {
    const address = new URL("v1/ws", url);
    address.protocol = "ws:";
    const socket = new WebSocket(address, "ridecast.v1.json");
    const person = new Person(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    socket.send(JSON.stringify({ type: "hello", token }));
    await until("the welcome", async () => person.welcome);
    return person;
  }

  /** Asks for something, and fails when that is refused. Gives the ride that it was about. */
  async ask(message: ClientMessage): Promise<Ride | undefined> {
    const id = this.nextId++;
    this.socket.send(JSON.stringify({ ...message, id }));
    const reply = await until(`the reply to ${message.type}`, async () => this.replies.get(id));
    if (reply.type === "error") throw new Error(`${message.type}: ${reply.code} ${reply.message}`);
    return reply.ride;
  }

  leave(): void {
    this.socket.terminate();
  }
}
