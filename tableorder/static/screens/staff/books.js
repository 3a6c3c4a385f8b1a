// The books: sessions that have ended, and orders that were voided. Newest first, page by page, by cursor, so that no entry
// repeats or is skipped while others are added.

import { h, show } from "../common/dom.js";
import { won } from "../common/money.js";
import { orderLine } from "../common/order-line.js";
import { clockTime, dayAndTime } from "../common/time.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../types.js").AnswerOf<"list_store_history">["history"][number]} PastSession */
/** @typedef {import("../types.js").AnswerOf<"list_voids">["voids"][number]} VoidedOrder */
/** @typedef {{ start_date?: string, end_date?: string, cursor?: string }} PageQuery */

/**
 * @template T
 * @param {HTMLElement} place
 * @param {object} of
 * @param {string} of.title
 * @param {string} of.none what is said where there is nothing
 * @param {(query: PageQuery) => Promise<{ entries: T[], next_cursor: string | null }>} of.fetchPage
 * @param {(entry: T) => HTMLElement} of.render
 */
export function showBook(place, { title, none, fetchPage, render }) {
  const day = h("input", { type: "date", onchange: () => begin() });
  const list = h("ol", { class: "book" });
  const more = h("button", { type: "button", hidden: true }, words.more);
  let latest = 0;

  /** @param {string} [cursor] */
  const load = async (cursor) => {
    const asked = ++latest;
    const days = day.value ? { start_date: day.value, end_date: day.value } : {};
    const { entries, next_cursor } = await fetchPage({ ...days, ...(cursor && { cursor }) });
    if (asked !== latest) return; // another day was chosen meanwhile
    if (!cursor) show(list);
    list.append(...entries.map(render));
    if (!list.children.length) show(list, h("li", { class: "muted" }, none));
    more.hidden = next_cursor === null;
    more.onclick = () => void load(next_cursor ?? undefined);
  };
  const begin = () => load();
  show(place, h("div", { class: "book-head" }, h("h2", {}, title), h("label", {}, words.day, day)), list, more);
  return begin();
}

/** @param {PastSession} session */
export function pastSession({ table_number, completed_time, archived_order_data: { orders, session_total } }) {
  return h(
    "li",
    {},
    h(
      "details",
      { class: "card" },
      h(
        "summary",
        {},
        h("strong", {}, words.table(table_number ?? 0)),
        h("span", { class: "muted" }, dayAndTime(completed_time)),
        h("span", { class: "money" }, won(session_total)),
      ),
      ...orders.map((order) =>
        h(
          "div",
          { class: "past-order" },
          h("p", { class: "small muted" }, `${clockTime(order.order_time)} · ${words.order(order.order_id)} · ${words.status[order.status]}`),
          h("ul", {}, ...order.items.map(orderLine)),
        ),
      ),
    ),
  );
}

/** @param {VoidedOrder} entry */
export function voidedOrder({ table_number, voided_at, voided_by, approved_by, reason, order, kind, lines }) {
  const items = kind === "lines" ? lines.map((line) => ({ ...line, quantity: line.voided_quantity })) : order.items;
  const amount = items.reduce((sum, item) => sum + item.quantity * item.unit_price, 0);
  return h(
    "li",
    { class: "card past-order" },
    h(
      "p",
      { class: "void-head" },
      h("strong", {}, words.table(table_number)),
      h("span", { class: "muted" }, dayAndTime(voided_at)),
      h("span", { class: "money" }, won(amount)),
    ),
    h("ul", {}, ...items.map(orderLine)),
    h("p", { class: "small muted" }, [reason ?? words.noReason, words.voidedBy(voided_by), approved_by && words.approvedBy(approved_by)].filter(Boolean).join(" · ")),
  );
}
