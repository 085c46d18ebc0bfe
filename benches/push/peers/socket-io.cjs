// socket.io: a room, WebSocket only.
const { Server } = require("socket.io");
const http = require("node:http").createServer();

const io = new Server(http, {
  transports: ["websocket"],
  pingInterval: 60_000,
  pingTimeout: 60_000,
  perMessageDeflate: false,
});
io.on("connection", (socket) => {
  socket.join("bench");
  socket.on("pos", (message) => io.to("bench").emit("pos", message));
});
http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
