// A line of an order, as it was ordered: the dish, how many, with what, and what was asked for. By the restaurant's own
// names, which the kitchen knows.

import { h } from "./dom.js";

/** @param {import("../types.js").OrderItem} item */
export function orderLine(item) {
  const options = (item.options ?? []).map(({ option_name, quantity }) => `${option_name}${quantity > 1 ? ` ×${quantity}` : ""}`);
  return h(
    "li",
    { class: "line" },
    h("span", { class: "line-name" }, item.menu_name),
    h("span", { class: "line-count" }, `× ${item.quantity}`),
    options.length > 0 && h("span", { class: "line-more small" }, options.join(", ")),
    item.note && h("span", { class: "line-more small" }, `“${item.note}”`),
  );
}
