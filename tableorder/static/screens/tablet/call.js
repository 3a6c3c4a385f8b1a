// The guests call the staff: a button that says whether they are called, and whether somebody is on the way.

import { byId, show } from "../common/dom.js";
import { words } from "../words/guests/index.js";

/** @typedef {import("../types.js").Call} Call */

/** The table's open call, as the feed tells it. */
export class TableCall {
  constructor() {
    this.open = /** @type {Call | null} */ (null);
    this.sending = false;
    /** How often we have heard of it: an answer that was asked for before the last news is too old. */
    this.news = 0;
  }

  /** @param {Call | null} call */
  take(call) {
    this.news++;
    this.open = call?.closed_at ? null : call;
  }

  /** @param {import("../types.js").EventOf<import("../types.js").TableEvents>} event */
  follow(event) {
    if (event.type === "call_created" || event.type === "call_updated" || event.type === "call_closed") this.take(event.data);
  }
}

/** @param {TableCall} call */
export function showCall(call) {
  const button = /** @type {HTMLButtonElement} */ (byId("call-staff"));
  const state = !call.open ? "" : call.open.taken_at ? words.staffComing : words.staffCalled;
  button.disabled = call.sending;
  button.classList.toggle("called", call.open !== null);
  show(button, state || words.callStaff);
  if (byId("call-told").textContent !== state) show(byId("call-told"), state);
}
