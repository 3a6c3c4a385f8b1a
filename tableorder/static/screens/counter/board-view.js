// The board: a panel for each table with guests, in it a card for each order that is not done.

import { h, show, showList } from "../common/dom.js";
import { won } from "../common/money.js";
import { orderLine } from "../common/order-line.js";
import { clockTime } from "../common/time.js";
import { NEXT, ageOf } from "../staff/waiting.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../staff/board.js").Board} Board */
/** @typedef {import("../staff/board.js").OpenTable} OpenTable */
/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").Status} Status */

/**
 * What can be done on the board.
 * @typedef {object} Actions
 * @property {(order: Order, status: Status) => void} move
 * @property {(order: Order) => void} askToVoid
 * @property {(table: OpenTable) => void} askToEnd
 * @property {(order: Order) => void} see
 */

/** The sessions of which the orders that are done are shown. @type {Set<string>} */
const unfolded = new Set();

/** @param {string} session_id @param {Event} event */
function fold(session_id, event) {
  if (/** @type {HTMLDetailsElement} */ (event.target).open) unfolded.add(session_id);
  else unfolded.delete(session_id);
}

/**
 * @param {HTMLElement} place
 * @param {Board} board
 * @param {{ table_id: number, table_number: number }[]} allTables
 * @param {Set<number>} busy the orders of which a change is on its way
 * @param {Actions} actions
 */
export function showBoard(place, board, allTables, busy, actions) {
  if (!place.querySelector(".tables")) show(place, h("div", { id: "no-guests" }), h("div", { class: "tables" }), h("div", { id: "free" }));
  const [none, tables, free] = /** @type {HTMLElement[]} */ ([...place.children]);
  if (!none || !tables || !free) return;
  show(none, board.begun && board.tables.length === 0 && h("p", { class: "muted" }, words.noGuests));
  showList(
    tables,
    board.tables,
    (table) => table.session_id,
    (table) => panel(table, board, busy, actions),
    (table) => [table, table.orders.map((order) => [ageOf(order).look, board.fresh.has(order.order_id), busy.has(order.order_id)]), words.language],
  );
  const taken = new Set(board.tables.map((table) => table.table_id));
  const empty = allTables.filter((table) => !taken.has(table.table_id));
  show(
    free,
    empty.length > 0 && h("h2", { class: "small muted" }, words.freeTables),
    empty.length > 0 && h("ul", {}, ...empty.map((table) => h("li", { class: "label" }, words.table(table.table_number)))),
  );
}

/**
 * @param {OpenTable} table
 * @param {Board} board
 * @param {Set<number>} busy
 * @param {Actions} actions
 */
function panel(table, board, busy, actions) {
  const open = table.orders.filter((order) => order.status !== "완료").reverse();
  const done = table.orders.filter((order) => order.status === "완료").reverse();
  const total = table.orders.reduce((sum, order) => sum + order.total_amount, 0);
  return h(
    "section",
    { class: "table", "aria-label": words.tableLong(table.table_number), "data-table": table.table_number },
    h("header", {}, h("h2", {}, words.table(table.table_number)), h("span", { class: "money" }, won(total))),
    table.orders.length === 0 && h("p", { class: "muted" }, words.noOrders),
    ...open.map((order) => card(order, board.fresh.has(order.order_id), busy.has(order.order_id), actions)),
    done.length > 0 &&
      h(
        "details",
        { open: unfolded.has(table.session_id), ontoggle: (/** @type {Event} */ event) => fold(table.session_id, event) },
        h("summary", {}, words.done(done.length)),
        ...done.map((order) => card(order, false, busy.has(order.order_id), actions)),
      ),
    h(
      "button",
      { type: "button", class: "end", "data-role": "end", onclick: () => actions.askToEnd(table) },
      words.end,
      h("span", { class: "unseen" }, words.tableLong(table.table_number)),
    ),
  );
}

/**
 * @param {Order} order
 * @param {boolean} fresh
 * @param {boolean} busy
 * @param {Actions} actions
 */
function card(order, fresh, busy, actions) {
  const age = ageOf(order);
  const next = NEXT[order.status];
  const name = h("span", { class: "unseen" }, words.order(order.order_id));
  return h(
    "article",
    {
      class: "order",
      "aria-label": `${words.order(order.order_id)} · ${words.status[order.status]}`,
      "data-order": order.order_id,
      "data-status": order.status,
      "data-fresh": fresh,
      "data-age": age.look,
      onclick: () => actions.see(order),
    },
    h(
      "p",
      { class: "order-head" },
      h("strong", {}, words.status[order.status]),
      fresh && h("span", { class: "label fresh" }, words.fresh),
      h("span", { class: "age", title: clockTime(order.order_time) }, order.status === "완료" ? clockTime(order.order_time) : age.text),
    ),
    h("ul", {}, ...order.items.map(orderLine)),
    order.note && h("p", { class: "note" }, `“${order.note}”`),
    h(
      "p",
      { class: "order-actions" },
      next &&
        h(
          "button",
          { type: "button", class: next === "준비중" ? "main" : "", disabled: busy, "data-role": `move-${order.order_id}`, onclick: () => actions.move(order, next) },
          words.next[order.status],
          name,
        ),
      h(
        "button",
        { type: "button", class: "plain muted", disabled: busy, "data-role": `void-${order.order_id}`, onclick: () => actions.askToVoid(order) },
        words.void,
        name.cloneNode(true),
      ),
    ),
  );
}
