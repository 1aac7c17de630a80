// Reads an AsyncAPI document from standard input with AsyncAPI's own parser, and prints what it has to say as JSON:
// its findings, and the operations and messages that it understood.

import { text } from "node:stream/consumers";

import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await text(process.stdin));
console.log(
  JSON.stringify({
    findings: diagnostics.map(({ severity, message, path }) => ({ severity, message, path: path.join(".") })),
    messages: document?.allMessages().map((message) => message.name()),
    operations: document?.allOperations().map((operation) => [operation.id(), operation.action()]),
  }),
);
