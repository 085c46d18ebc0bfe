// uWebSockets.js: what is sent to /pub goes to everybody else; /ingest parses and acknowledges.
const uWS = require(`uwebsockets/uws_linux_x64_${process.versions.modules}.node`);

const app = uWS.App();
app.ws("/sub", { idleTimeout: 0, compression: 0, open: (socket) => socket.subscribe("bench") });
app.ws("/pub", {
  idleTimeout: 0,
  compression: 0,
  message: (_, message, isBinary) => app.publish("bench", message, isBinary),
});
app.ws("/ingest", {
  idleTimeout: 0,
  compression: 0,
  message: (socket, message) => {
    const position = JSON.parse(Buffer.from(message).toString());
    socket.send(position.latitude > 90 ? '{"ok":0}' : '{"ok":1}');
  },
});
app.listen("127.0.0.1", Number(process.argv[2]), () => {});
