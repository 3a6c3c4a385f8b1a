// What was ordered, and how far it is.

import { h, show, showList } from "../common/dom.js";
import { won } from "../common/money.js";
import { orderLine } from "../common/order-line.js";
import { clockTime } from "../common/time.js";
import { words } from "../words/guests/index.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").EventOf<import("../types.js").TableEvents>} TableEvent */

/** The session's orders, newest first, as the feed tells them. */
export class SessionOrders {
  constructor() {
    this.list = /** @type {Order[]} */ ([]);
  }

  get total() {
    return this.list.reduce((sum, order) => sum + order.total_amount, 0);
  }

  /** @param {Order} order one that is there already stays as it is: it may be the news of our own order */
  add(order) {
    if (this.list.some((other) => other.order_id === order.order_id)) return;
    this.list = [order, ...this.list].sort((one, other) => other.order_id - one.order_id);
  }

  clear() {
    this.list = [];
  }

  /** @param {TableEvent} event */
  follow({ type, data }) {
    if (type === "initial") this.list = data.orders;
    if (type === "order_created") this.add(data);
    if (type === "order_updated")
      this.list = this.list.map((order) => (order.order_id === data.order_id ? { ...order, ...data } : order));
    if (type === "order_deleted") this.list = this.list.filter((order) => order.order_id !== data.order_id);
  }
}

/**
 * @param {HTMLElement} place
 * @param {SessionOrders} orders
 */
export function showOrders(place, orders) {
  const list = place.querySelector("ol") ?? h("ol", { class: "orders" });
  showList(list, orders.list, (order) => String(order.order_id), orderCard, (order) => [order, words.language]);
  show(
    place,
    h("h2", {}, words.orders),
    orders.list.length === 0 && h("p", { class: "muted" }, words.noOrders),
    list,
    orders.list.length > 0 &&
      h("p", { class: "sum" }, h("span", {}, words.sessionTotal), h("strong", { class: "money" }, won(orders.total))),
  );
}

/** A line with the names that the guests ordered by. @param {import("../types.js").OrderItem} item */
const asSeen = (item) => ({
  ...item,
  menu_name: item.display_name ?? item.menu_name,
  options: (item.options ?? []).map((option) => ({ ...option, option_name: option.display_name ?? option.option_name })),
});

/** @param {Order} order */
function orderCard(order) {
  return h(
    "li",
    { class: "card order", "data-status": order.status },
    h("p", { class: "order-head" }, h("strong", { class: "label accent" }, words.status[order.status]), h("span", { class: "small muted" }, clockTime(order.order_time))),
    h("ul", {}, ...order.items.map((item) => orderLine(asSeen(item)))),
    order.note && h("p", { class: "small muted" }, `“${order.note}”`),
    h("p", { class: "money order-total" }, won(order.total_amount)),
  );
}
