// Tokens: kept for this tab alone, and throw-away ones, which the page signs itself with the clinic's key.

import { idOf } from "../kit/exact.js";
import { say, sayIfKnown } from "../kit/language.js";

const THROW_AWAY = 3600; // seconds that one is good for
const LEAST_KEY = 32; // bytes, as the server has it

/** @param {number} key of a connection */
const kept = (key) => `careline.token.${key}`;

/**
 * The token that the connection of that key has shown in this tab; "" for none.
 * @param {number} key
 */
export function recallToken(key) {
  try {
    return sessionStorage.getItem(kept(key)) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {number} key
 * @param {string} token
 */
export function rememberToken(key, token) {
  try {
    if (token === "") sessionStorage.removeItem(kept(key));
    else sessionStorage.setItem(kept(key), token);
  } catch {
    // Storage is closed: the token is good until the page is left.
  }
}

/**
 * Whether there is a token in a text that is about to leave this tab.
 * @param {string} text
 */
export const holdsToken = (text) => /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/.test(text);

/**
 * What a token says, which the server alone can check; null where that can't be read.
 * @param {string} token
 */
export function claimsOf(token) {
  try {
    const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
  } catch {
    return null;
  }
}

/**
 * The userId, userType and name in a token, as far as it has them.
 * @param {string} token
 */
export function identityIn(token) {
  const { sub, type, name } = claimsOf(token) ?? {};
  return {
    ...(/^[1-9]\d{0,18}$/.test(sub) && { userId: idOf(sub) }),
    ...(typeof type === "string" && { userType: type }),
    ...(typeof name === "string" && { name }),
  };
}

/**
 * The server's words on a token, of which the last says which fault it is, in the language of the page.
 * @param {string} message
 */
export function refusalText(message) {
  const [, why] = /（(\w+)）$/.exec(message) ?? [];
  return sayIfKnown(`refused_${why}`, message);
}

/**
 * Whether the page may be given the key: on the box itself, where the page cannot have been changed on its way.
 * It stays in the browser, which lets the page sign with it and not read it back.
 */
export const canThrowAway =
  isSecureContext && /^(localhost|[^.].*\.localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);

/** @type {CryptoKey | null} */
let signing = null;

export const hasKey = () => signing !== null;

/**
 * Takes a key file, for as long as the page is open.
 * @throws {Error} where it holds no key
 * @param {File} file
 */
export async function takeKey(file) {
  const key = firstKey(new Uint8Array(await file.arrayBuffer()));
  if (key.length < LEAST_KEY) throw new Error(say("noKey", { bytes: LEAST_KEY }));
  signing = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/**
 * The key that signs: of a file of text its first line, otherwise all of it.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
function firstKey(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (/^[^\p{Cc}]*$/u.test(text.replace(/[\r\n\t]/g, ""))) {
      return new TextEncoder().encode(text.split(/[\r\n]/).find((line) => line !== "") ?? "");
    }
  } catch {
    // No text.
  }
  return bytes;
}

/**
 * A token for an hour.
 * @param {{userId: number, userType: string, name: string}} user
 * @param {number[]} questions the ids that FAMILY may come to
 */
export async function throwAway({ userId, userType, name }, questions) {
  if (signing === null) throw new Error(say("keyFirst"));
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + THROW_AWAY;
  const claims = {
    ...{ sub: String(userId), type: userType, name, iat, exp, jti: crypto.randomUUID() },
    ...(userType === "FAMILY" && { questions }),
  };
  const head = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  const signature = await crypto.subtle.sign("HMAC", signing, new TextEncoder().encode(head));
  return `${head}.${base64url(new Uint8Array(signature))}`;
}

/** @param {object} part */
const encoded = (part) => base64url(new TextEncoder().encode(JSON.stringify(part)));

/** @param {Uint8Array} bytes */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
