// What both programs on Node do over HTTP: a call opens questions, and clients come in by it.
import { createServer } from "node:http";

export function questionServer(openQuestion) {
  return createServer(async (request, response) => {
    if (request.method !== "POST" || request.url !== "/api/questions") {
      response.writeHead(404).end();
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify(openQuestion(JSON.parse(body))));
  });
}

export function listen(http, listening = () => {}) {
  // A backlog as long as Careline's, so that a storm of clients is not left to the kernel's retries.
  http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
    console.log(`listening on http://127.0.0.1:${http.address().port}`);
    listening();
  });
  process.on("SIGTERM", () => process.exit(0));
}
