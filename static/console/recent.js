// The last payloads sent to each target, newest first.

import { recall, remember } from "../kit/remembered.js";

const KEPT = 8;

/**
 * @import { Target } from "./targets.js"
 * @typedef {{text: string, place: Record<string, string>}} Sent
 */

/**
 * @param {Target} target
 * @returns {Sent[]}
 */
export function recentOf(target) {
  return recall("recent", {})[target.id] ?? [];
}

/**
 * @param {Target} target
 * @param {Sent} sent
 */
export function keepRecent(target, sent) {
  /** @type {Record<string, Sent[]>} */
  const all = recall("recent", {});
  const others = (all[target.id] ?? []).filter((one) => JSON.stringify(one) !== JSON.stringify(sent));
  remember("recent", { ...all, [target.id]: [sent, ...others].slice(0, KEPT) });
}

/** Drops them all: they hold what patients wrote. */
export function forgetRecent() {
  remember("recent", {});
}
