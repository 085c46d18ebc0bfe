// ws: what is sent to /pub goes to everybody else; /ingest parses and acknowledges.
const { WebSocketServer } = require("ws");

const port = Number(process.argv[2]);
const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false, backlog: 4096 });
const subscribers = new Set();
server.on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (request.url === "/ingest") {
    socket.on("message", (message) => {
      const position = JSON.parse(message);
      socket.send(position.latitude > 90 ? '{"ok":0}' : '{"ok":1}');
    });
  } else if (request.url === "/pub") {
    socket.on("message", (message, binary) => {
      for (const subscriber of subscribers) subscriber.send(message, { binary });
    });
  } else {
    subscribers.add(socket);
    socket.on("close", () => subscribers.delete(socket));
  }
});
