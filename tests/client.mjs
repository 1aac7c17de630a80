// Official socket.io clients for the tests, many in one process. One JSON command a line on standard input, one JSON
// report a line on standard output. Every report names its client and the wall-clock time (ms) at which it was made.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const TRANSPORTS = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };

const sockets = new Map();

const commands = {
  connect({ client, url, transport, auth }) {
    const tell = (type, details) => {
      process.stdout.write(JSON.stringify({ client, type, at: Date.now(), ...details }) + "\n");
    };
    const socket = io(url, { transports: TRANSPORTS[transport], auth, forceNew: true, reconnection: false });
    sockets.set(client, { socket, tell });
    socket.io.on("open", () => {
      socket.io.engine.on("upgrade", (chosen) => tell("upgrade", { transport: chosen.name }));
    });
    socket.on("connect", () => tell("connect", { transport: socket.io.engine.transport.name }));
    socket.on("connect_error", (error) => tell("connect_error", { message: error.message, data: error.data }));
    socket.on("disconnect", (reason) => tell("disconnect", { reason }));
    socket.onAny((event, ...args) => tell("event", { event, args }));
  },

  emit({ client, event, args, call }) {
    const { socket, tell } = sockets.get(client);
    if (call === null) {
      socket.emit(event, ...args);
    } else {
      socket.emit(event, ...args, (...answer) => tell("answer", { call, args: answer }));
    }
  },

  disconnect({ client }) {
    sockets.get(client).socket.disconnect();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
}
process.exit(0);
