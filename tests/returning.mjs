// A front end as the first ones were: it binds once and joins once, and never again on `connect`. It tells what it sees,
// a JSON list a line with the time at the end, and does on standard input what it is told there.
import { createInterface } from "node:readline";

const { client, url, transports, token, people } = JSON.parse(process.argv[2]);
const { io } = await import(client);
const tell = (...what) => process.stdout.write(JSON.stringify([...what, Date.now()]) + "\n");

const socket = io(url, { transports, auth: { token }, reconnectionDelay: 10, reconnectionDelayMax: 50 });
const logIn = ({ user_id, user_type, question_id, after_id }) => {
  socket.once("connect", () => {
    socket.emit("bind_user", { user_id, after_id });
    socket.emit("join_question", { question_id, user_id, user_type, after_id });
  });
};
logIn(people.shift());
socket.on("connect", () => tell("connect", socket.recovered));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.on("joined_question", () => tell("joined"));
socket.on("new_message", ({ id }) => tell("message", id));
socket.on("notification:new", ({ id }) => tell("notification", id));
socket.on("error", (error) => tell("error", error));

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "log out") {
    socket.disconnect();
  } else {
    logIn(people.shift());
    socket.auth = { token: JSON.parse(line).token };
    socket.connect();
  }
}
process.exit(0);
