// The last payloads sent to each target, newest first.

import { recall, remember } from "../kit/remembered.js";

const KEPT = 8;

/** @returns {{text: string, place: object}[]} */
export function recentOf(target) {
  return recall("recent", {})[target.id] ?? [];
}

export function keepRecent(target, sent) {
  const all = recall("recent", {});
  const others = (all[target.id] ?? []).filter((one) => JSON.stringify(one) !== JSON.stringify(sent));
  remember("recent", { ...all, [target.id]: [sent, ...others].slice(0, KEPT) });
}

/** Drops them all: they hold what patients wrote. */
export function forgetRecent() {
  remember("recent", {});
}
