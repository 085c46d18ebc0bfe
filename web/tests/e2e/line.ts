import { connect, createServer, type Socket } from "node:net";

/** A way to the service that can fall silent without either end being told. */
export interface Line {
  /** As the service's own, by this way. */
  readonly url: string;
  /** From now on all that is sent is lost, both ways; who connects is let in and hears nothing. */
  silence(): void;
  /** New connections get through. Those of before stay dead, as who says something there is told. */
  mend(): void;
  end(): Promise<void>;
}

/** @param url of the service */
export async function lineTo(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const dead = new WeakSet<Socket>();
  let silent = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    if (silent) dead.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const pass = (from: Socket, to: Socket) => {
    from.on("data", (data) => {
      if (!dead.has(from)) to.write(data);
      // As a router that has forgotten the connection.
      else if (!silent) from.resetAndDestroy();
    });
    from.on("close", () => {
      if (!dead.has(from)) to.destroy();
    });
  };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) keep(socket);
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    silence() {
      silent = true;
      for (const socket of sockets) dead.add(socket);
    },
    mend() {
      silent = false;
    },
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
