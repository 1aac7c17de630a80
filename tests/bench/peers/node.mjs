// socket.io on Node, storing with node:sqlite. Usage: node node.mjs DATABASE
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";
import { prepareDatabase, questionOpener, serveConsultation, SOCKET_IO } from "./consultation.mjs";
import { listen, questionServer } from "./node_http.mjs";

const db = new DatabaseSync(process.argv[2]);
prepareDatabase(db);
const http = questionServer(questionOpener(db));
serveConsultation(new Server(http, SOCKET_IO), db);
listen(http);
