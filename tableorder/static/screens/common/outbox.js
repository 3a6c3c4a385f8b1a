// What a tap has asked for, kept until the server has answered: a reload, a dead battery or a lost answer repeats it with
// its own key, so that it is done once.

import { keep, newKey, recall } from "./kept.js";

/**
 * @template T
 * @typedef {{ key: string, session_id: string, body: T }} Asked
 */

/** @template T */
export class Outbox {
  /** @param {string} name where it is kept */
  constructor(name) {
    this.name = name;
    this.pending = /** @type {Asked<T> | null} */ (recall(name));
  }

  /**
   * Keep what was asked for, under a new key. Nothing else may be pending.
   * @param {string} session_id
   * @param {T} body
   * @returns {Asked<T>}
   */
  put(session_id, body) {
    this.pending = { key: newKey(), session_id, body };
    keep(this.name, this.pending);
    return this.pending;
  }

  /** It was answered. */
  forget() {
    this.pending = null;
    keep(this.name, null);
  }
}
