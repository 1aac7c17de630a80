// socket.io on Bun with its own engine, storing with bun:sqlite. Usage: bun bun.mjs DATABASE
import { Database } from "bun:sqlite";
import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { prepareDatabase, questionOpener, serveConsultation, SOCKET_IO } from "./consultation.mjs";

const db = new Database(process.argv[2]);
prepareDatabase(db);
const openQuestion = questionOpener(db);

const io = new Server();
const engine = new Engine({ path: SOCKET_IO.path });
io.bind(engine);
serveConsultation(io, db);

const handler = engine.handler();
const server = Bun.serve({
  ...handler,
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request, serving) {
    if (request.method === "POST" && request.url.endsWith("/api/questions")) {
      return Response.json(openQuestion(await request.json()), { status: 201 });
    }
    return handler.fetch(request, serving);
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
process.on("SIGTERM", () => process.exit(0));
