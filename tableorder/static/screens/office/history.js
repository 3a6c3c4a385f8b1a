// The sessions that have ended, as a table: newest first, page by page.

import { h, show } from "../common/dom.js";
import { won } from "../common/money.js";
import { orderLine } from "../common/order-line.js";
import { whenReleased } from "../common/pressing.js";
import { clockTime, dayAndTime } from "../common/time.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";

/** @typedef {import("../types.js").AnswerOf<"list_store_history">["history"][number]} PastSession */

export class HistoryView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    const words = office();
    this.shift = shift;
    this.dialog = dialog;
    const ask = () => void this.load().catch(shift.fail);
    this.from = h("input", { type: "date", name: "from", onchange: ask });
    this.to = h("input", { type: "date", name: "to", onchange: ask });
    this.number = h("input", { type: "number", name: "number", min: 1, max: 9999, inputmode: "numeric", onchange: ask });
    this.rows = h("tbody", {});
    this.none = h("p", { class: "muted" });
    this.more = h("button", { type: "button", hidden: true }, staff.more);
    this.latest = 0;
    show(
      place,
      h("h2", {}, words.views.history),
      h("div", { class: "filters" }, h("label", {}, words.from, this.from), h("label", {}, words.to, this.to), h("label", {}, words.number, this.number)),
      h(
        "div",
        { class: "wide", tabindex: 0, role: "region", "aria-label": words.views.history },
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.number), h("th", { scope: "col" }, words.ended), h("th", { scope: "col", class: "number" }, words.orders), h("th", { scope: "col", class: "number" }, words.total), h("td", {}))),
          this.rows,
        ),
      ),
      this.none,
      this.more,
    );
  }

  /** @param {string} [cursor] */
  load = async (cursor) => {
    const asked = ++this.latest;
    const query = { start_date: this.from.value, end_date: this.to.value, table_number: Number(this.number.value) || undefined, cursor };
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
    const { history, next_cursor } = await this.shift.call("list_store_history", { query: given });
    whenReleased(() => {
      if (asked !== this.latest) return; // other days were chosen meanwhile
      if (!cursor) show(this.rows);
      this.rows.append(...history.map((session) => this.#row(session)));
      show(this.none, !this.rows.hasChildNodes() && staff.noHistory);
      this.more.hidden = next_cursor === null;
      this.more.onclick = () => void this.load(next_cursor ?? undefined).catch(this.shift.fail);
    });
  };

  /** @param {PastSession} session */
  #row(session) {
    const { orders, session_total } = session.archived_order_data;
    const name = staff.table(session.table_number ?? 0);
    const details = h("button", { type: "button", class: "plain", "aria-label": `${name} ${dayAndTime(session.completed_time)}: ${office().details}`, onclick: () => this.#show(session) }, office().details);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, dayAndTime(session.completed_time)),
      h("td", { class: "number" }, orders.length),
      h("td", { class: "number money" }, won(session_total)),
      h("td", {}, details),
    );
  }

  /** @param {PastSession} session */
  #show({ table_number, completed_time, archived_order_data: { orders, session_total } }) {
    show(
      this.dialog,
      h("h2", { id: "dialog-title", tabindex: -1 }, staff.tableLong(table_number ?? 0), h("span", { class: "muted" }, ` ${dayAndTime(completed_time)}`)),
      ...orders.map((order) =>
        h(
          "div",
          { class: "past-order" },
          h("p", { class: "small muted" }, `${clockTime(order.order_time)} · ${staff.order(order.order_id)} · ${staff.status[order.status]}`),
          h("ul", {}, ...order.items.map(orderLine)),
        ),
      ),
      h("p", { class: "past-total" }, h("span", {}, office().total), h("strong", { class: "money" }, won(session_total))),
      h("div", { class: "actions" }, h("button", { type: "button", onclick: () => this.dialog.close() }, staff.close)),
    );
    this.dialog.showModal();
  }
}
