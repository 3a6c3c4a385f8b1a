// The guests' open calls, oldest first: who wants what, since when, and who is on the way.

import { h, showList } from "../common/dom.js";
import { minutesSince } from "../common/time.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../types.js").Call} Call */

/** The store's open calls, as the feed tells them. */
export class OpenCalls {
  constructor() {
    this.list = /** @type {Call[]} */ ([]);
    /** How often we have heard of one: an answer that was asked for before the last news is too old. */
    this.news = 0;
  }

  /** @param {Call} call */
  take(call) {
    this.news++;
    const others = this.list.filter((other) => other.call_id !== call.call_id);
    this.list = call.closed_at ? others : [...others, call].sort((one, other) => one.call_id - other.call_id);
  }

  /** @param {Call[]} calls */
  begin(calls) {
    this.list = [...calls].sort((one, other) => one.call_id - other.call_id);
  }

  /**
   * @param {import("../staff/board.js").StoreEvent} event
   * @returns {boolean} whether guests have called
   */
  follow(event) {
    if (event.type === "session_ended") this.#leave(event.data.session_id);
    if (event.type !== "call_created" && event.type !== "call_updated" && event.type !== "call_closed") return false;
    this.take(event.data);
    return event.type !== "call_closed" && !event.data.taken_at;
  }

  /** @param {string} session_id */
  #leave(session_id) {
    this.news++;
    this.list = this.list.filter((call) => call.session_id !== session_id);
  }
}

/**
 * @param {HTMLElement} place
 * @param {OpenCalls} calls
 * @param {{ take: (call: Call) => void, close: (call: Call) => void }} actions
 */
export function showCalls(place, calls, actions) {
  showList(
    place,
    calls.list,
    (call) => String(call.call_id),
    (call) => row(call, actions),
    (call) => [call, minutesSince(call.asked_at), words.language],
  );
}

/** @param {Call} call @param {{ take: (call: Call) => void, close: (call: Call) => void }} actions */
function row(call, actions) {
  const wanted = call.items.map(({ label, quantity }) => (quantity > 1 ? `${label} × ${quantity}` : label)).join(", ");
  const table = words.tableLong(call.table_number);
  const which = () => h("span", { class: "unseen" }, table);
  return h(
    "li",
    { class: call.taken_at ? "call" : "call waiting", "data-call": call.call_id },
    h("strong", {}, table),
    h("span", { class: "call-wanted" }, wanted || words.calls.plain, call.note && ` “${call.note}”`),
    call.asked_times > 1 && h("span", { class: "label" }, words.calls.times(call.asked_times)),
    call.taken_at && h("span", { class: "label accent" }, words.calls.taken),
    h("span", { class: "small" }, words.age(minutesSince(call.asked_at))),
    !call.taken_at && h("button", { type: "button", "data-role": "take", onclick: () => actions.take(call) }, words.calls.take, which()),
    h("button", { type: "button", "data-role": "close", onclick: () => actions.close(call) }, words.calls.close, which()),
  );
}
