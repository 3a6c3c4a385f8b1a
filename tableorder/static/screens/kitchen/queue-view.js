// The queue: a ticket for each order, large enough to be read from the stove.

import { h, show, showList } from "../common/dom.js";
import { clockTime } from "../common/time.js";
import { NEXT, ageOf } from "../staff/waiting.js";
import { words } from "../words/staff/index.js";
import { choicesOf } from "./queue.js";

/** @typedef {import("./queue.js").Queue} Queue */
/** @typedef {import("./queue.js").Line} Line */
/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").Status} Status */

/**
 * What can be done with a ticket.
 * @typedef {object} Actions
 * @property {(order: Order, status: Status) => void} move
 * @property {(order: Order) => void} see
 */

/**
 * @param {HTMLElement} place
 * @param {Queue} queue
 * @param {string} category only orders with something of it; empty: all
 * @param {Set<number>} busy the orders of which a change is on its way
 * @param {Actions} actions
 */
export function showQueue(place, queue, category, busy, actions) {
  const orders = queue.shown.filter((order) => !category || queue.lines(order).some((line) => line.item.category_name === category));
  showList(
    place,
    orders,
    (order) => String(order.order_id),
    (order) => ticket(order, queue, category, busy.has(order.order_id), actions),
    (order) => [
      order, queue.lines(order), queue.gone.get(order.order_id)?.fate, ageOf(order).look, category, words.language,
      queue.board.fresh.has(order.order_id), busy.has(order.order_id),
    ],
  );
}

/**
 * @param {Order} order
 * @param {Queue} queue
 * @param {string} category
 * @param {boolean} busy
 * @param {Actions} actions
 */
function ticket(order, queue, category, busy, actions) {
  const fate = queue.gone.get(order.order_id)?.fate;
  const fresh = queue.board.fresh.has(order.order_id);
  const age = ageOf(order);
  const lines = queue.lines(order);
  const mine = lines.filter((line) => !category || line.item.category_name === category);
  const others = lines.filter((line) => !mine.includes(line));
  const state = fate ? words.kitchen[fate] : words.status[order.status];
  return h(
    "article",
    {
      class: "order ticket",
      "aria-label": `${words.tableLong(order.table_number)} · ${state}`,
      "data-order": order.order_id,
      "data-status": order.status,
      "data-age": fate ? "" : age.look,
      "data-fresh": fresh,
      "data-taken-back": Boolean(fate) || queue.reduced.has(order.order_id),
    },
    h(
      "header",
      { class: "order-head" },
      h("h2", {}, words.table(order.table_number)),
      h("span", { class: fate ? "label wrong" : "label" }, state),
      fresh && !fate && h("span", { class: "label fresh" }, words.fresh),
      !fate && h("span", { class: "age", title: clockTime(order.order_time) }, age.text),
    ),
    h("ul", { class: fate ? "struck" : "" }, ...mine.map(ticketLine)),
    order.note && h("p", { class: "note" }, `“${order.note}”`),
    others.length > 0 && h("p", { class: "muted" }, words.kitchen.others(others.map(({ item }) => `${item.menu_name} × ${item.quantity}`).join(", "))),
    h("p", { class: "ticket-actions" }, ...buttons(order, Boolean(fate), queue.reduced.has(order.order_id), busy, actions)),
  );
}

/**
 * @param {Order} order
 * @param {boolean} gone
 * @param {boolean} reduced
 * @param {boolean} busy
 * @param {Actions} actions
 */
function buttons(order, gone, reduced, busy, actions) {
  const next = NEXT[order.status];
  const which = () => h("span", { class: "unseen" }, words.order(order.order_id));
  const see = h("button", { type: "button", "data-role": `see-${order.order_id}`, onclick: () => actions.see(order) }, words.kitchen.seen, which());
  const move =
    !gone &&
    next &&
    h(
      "button",
      { type: "button", class: next === "준비중" ? "main" : "done", disabled: busy, "data-role": `move-${order.order_id}`, onclick: () => actions.move(order, next) },
      words.next[order.status],
      which(),
    );
  return [(gone || reduced) && see, move];
}

/** @param {Line} line */
function ticketLine({ item, voided }) {
  const choices = choicesOf(item);
  return h(
    "li",
    { class: item.quantity === 0 ? "line struck" : "line" },
    h("span", { class: "line-name" }, item.menu_name),
    h("span", { class: "line-count" }, `× ${item.quantity || voided}`),
    voided > 0 && h("span", { class: "label wrong line-voided" }, words.kitchen.lineVoided(voided)),
    choices && h("span", { class: "line-more" }, choices),
    item.note && h("span", { class: "line-more line-note" }, `“${item.note}”`),
  );
}

/**
 * How many of each dish are wanted now.
 * @param {HTMLElement} place
 * @param {import("./queue.js").Wanted[]} dishes
 */
export function showWanted(place, dishes) {
  show(
    place,
    h("h2", { id: "wanted-title" }, words.kitchen.wanted),
    dishes.length === 0 && h("p", { class: "muted" }, words.kitchen.nothing),
    h(
      "ul",
      {},
      ...dishes.map(({ name, count, choices }) =>
        h(
          "li",
          {},
          h("span", { class: "wanted-name" }, name),
          h("strong", {}, count),
          choices.length > 0 && h("span", { class: "small muted" }, choices.map((choice) => `${choice.text} ${choice.count}`).join(" · ")),
        ),
      ),
    ),
  );
}
