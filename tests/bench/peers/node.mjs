// socket.io on Node, storing with node:sqlite. Usage: node node.mjs DATABASE
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";
import { prepareDatabase, questionOpener, serveConsultation, SOCKET_IO } from "./consultation.mjs";

const db = new DatabaseSync(process.argv[2]);
prepareDatabase(db);
const openQuestion = questionOpener(db);

const http = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/api/questions") {
    response.writeHead(404).end();
    return;
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify(openQuestion(JSON.parse(body))));
});

serveConsultation(new Server(http, SOCKET_IO), db);

// A backlog as long as Careline's, so that a storm of clients is not left to the kernel's retries.
http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
