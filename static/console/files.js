// Photos and voice messages: uploaded, sent, and shown in a question's history.

import { at } from "../kit/address.js";
import { button } from "../kit/controls.js";
import { announce } from "../kit/copy.js";
import { element } from "../kit/dom.js";
import { writeExact } from "../kit/exact.js";
import { say } from "../kit/language.js";
import { reasonOf } from "./calls.js";
import { enter } from "./sign_in.js";

/**
 * @import { Calls } from "./calls.js"
 * @import { Connection } from "./connection.js"
 * @import { Connections } from "./connections.js"
 *
 * @typedef {{url: string, size: number | null}} Attachment
 * @typedef {{url: string, size: number, content_type: string}} StoredFile
 */

// What a browser may record that every other can play; the server knows these by their content.
const RECORDED = ["audio/mp4", "audio/mp4;codecs=opus", "audio/ogg;codecs=opus"];
const OF_CLINIC = /^\/files\/[0-9a-f]{64}\?/;

/**
 * An attachment as it is shown. What is not a file of this server's is named, and not fetched.
 * @param {Attachment} attachment
 * @param {string} kind the message's `content_type`
 */
export function shown(attachment, kind) {
  if (!OF_CLINIC.test(attachment.url)) return null;
  const src = at(attachment.url).href;
  if (kind === "IMAGE") {
    return element("img", { class: "message-file", src, alt: say("photo"), loading: "lazy" });
  }
  if (kind === "AUDIO") return element("audio", { class: "message-file", src, controls: true, preload: "none" });
  if (kind === "VIDEO") return element("video", { class: "message-file", src, controls: true, preload: "none" });
  return element("a", { class: "message-file", href: src, target: "_blank", rel: "noopener" }, say("openFile"));
}

/** Sends files into a question, as the acting connection. */
export class FileSender {
  #connections;
  #calls;
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #redraw;
  #sent;

  /** @param {{connections: Connections, calls: Calls, redraw: () => void, sent: (question: number) => void}} parts */
  constructor({ connections, calls, redraw, sent }) {
    this.#connections = connections;
    this.#calls = calls;
    this.#redraw = redraw;
    this.#sent = sent;
  }

  /**
   * The controls that choose a photo or another file, and that record a voice message.
   * @param {number} question
   */
  controls(question) {
    const input = element("input", {
      type: "file",
      hidden: true,
      "aria-label": say("sendFile"),
      "data-focus": "file",
      onchange: () => {
        const [file] = input.files ?? [];
        if (file) this.#attempt(this.send(question, file));
        input.value = "";
      },
    });
    const records = this.#recorder !== null;
    return element(
      "div",
      { class: "row send-file" },
      input,
      button(say("sendFile"), () => input.click(), { "data-focus": "choose-file" }),
      recordedType() === null
        ? null
        : button(
            say(records ? "stopRecording" : "recordVoice"),
            () => this.#attempt(records ? this.#stop() : this.#record(question)),
            { kind: records ? "accent" : "", "data-focus": "record" },
          ),
    );
  }

  /**
   * Uploads a file and sends it in a message.
   * @param {number} question
   * @param {Blob} file
   * @param {string} kind the message's, where it is not that of the file: a voice in MP4 says that it is a video
   */
  async send(question, file, kind = "") {
    const connection = this.#connections.selected;
    await enter(this.#connections, connection);
    const stored = await this.#calls.upload(file, connection);
    const said = { ...message(question, connection, stored), ...(kind ? { content_type: kind } : {}) };
    const { payload } = await connection.emit("send_message", writeExact(said));
    const { success, message: why } = JSON.parse(payload);
    if (!success) throw new Error(why);
    announce(say("fileSent"));
    this.#sent(question);
  }

  /** @param {number} question */
  async #record(question) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recorder = new MediaRecorder(stream, { mimeType: recordedType() ?? "" });
    recorder.addEventListener("dataavailable", ({ data }) => {
      for (const track of stream.getTracks()) track.stop();
      if (data.size > 0) this.#attempt(this.send(question, data, "AUDIO"));
    });
    recorder.start();
    this.#recorder = recorder;
    this.#redraw();
  }

  #stop() {
    this.#recorder?.stop();
    this.#recorder = null;
    this.#redraw();
  }

  /** @param {unknown} work */
  async #attempt(work) {
    try {
      await work;
    } catch (fault) {
      announce(reasonOf(fault), "bad");
    }
  }
}

/** The type that this browser records a voice in, or null where it can record none. */
function recordedType() {
  if (!navigator.mediaDevices || typeof MediaRecorder === "undefined") return null;
  return RECORDED.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/**
 * @param {number} question
 * @param {Connection} connection
 * @param {StoredFile} stored
 */
function message(question, connection, stored) {
  return {
    question_id: question,
    sender_type: connection.userType,
    sender_id: connection.userId,
    role_display_name: connection.name,
    content_type: contentType(stored.content_type),
    attachments: [{ url: stored.url, size: stored.size }],
  };
}

/**
 * What a message is whose file is of that type.
 * @param {string} type
 */
function contentType(type) {
  const kinds = { image: "IMAGE", audio: "AUDIO", video: "VIDEO" };
  return kinds[/** @type {keyof typeof kinds} */ (type.split("/")[0])] ?? "FILE";
}
