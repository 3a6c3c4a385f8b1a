// What to tell the guests when an order was refused: the truth, and what to do now.

import { won } from "../common/money.js";
import { words } from "../words/guests/index.js";
import { nameOf } from "./menu.js";

/**
 * One sentence for each thing that is wrong.
 * @param {import("../common/api.js").Problem} problem
 * @param {import("../types.js").OrderRequest} order
 * @param {import("./menu.js").MenuCard} card as it is now
 * @returns {string[]}
 */
export function explainRefusal(problem, order, card) {
  const { code, document } = problem;
  const name = (/** @type {unknown} */ menu_id) => {
    const menu = card.find(Number(menu_id));
    return menu ? nameOf(menu) : "–";
  };
  if (code === "quote_mismatch") return [words.quoteChanged, ...explainQuote(/** @type {any} */ (document), order, name)];
  if (code === "menu_not_served") return [words.notServedNow(name(document["menu_id"]))];
  if (code === "menu_sold_out" || code === "option_sold_out") {
    const sold = soldOutOf(document, order, card).map((menu_id) =>
      typeof document["remaining"] === "number" && document["remaining"] > 0
        ? words.fewLeft(name(menu_id), document["remaining"])
        : words.becameSoldOut(name(menu_id)),
    );
    return sold.length ? sold : [words.changed];
  }
  if (problem.status === 429) return [words.tooMany(problem.retryAfter)];
  if (problem.status === 404 || code.startsWith("option")) return [words.changed];
  return [words.failed(document.request_id)];
}

/**
 * Which dishes of the order are sold out: the one that the problem names, and those that the menu says.
 * @param {import("../types.js").ProblemDocument} document
 * @param {import("../types.js").OrderRequest} order
 * @param {import("./menu.js").MenuCard} card
 */
function soldOutOf(document, order, card) {
  const named = document["menu_id"] ?? order.items[Number(document["item"] ?? -1)]?.menu_id;
  const seen = order.items.map((item) => item.menu_id).filter((menu_id) => card.find(menu_id)?.is_available === false);
  return [...new Set([...(named ? [Number(named)] : []), ...seen])];
}

/**
 * @param {import("../types.js").Quote} quote
 * @param {import("../types.js").OrderRequest} order
 * @param {(menu_id: number) => string} name
 */
function explainQuote(quote, order, name) {
  return quote.lines.flatMap((line) => {
    if (line.problem?.remaining) return [words.fewLeft(name(line.menu_id), line.problem.remaining)];
    if (line.problem?.code === "menu_not_served") return [words.notServedNow(name(line.menu_id))];
    if (line.problem) return [words.becameSoldOut(name(line.menu_id))];
    const expected = order.items[line.item]?.expected_unit_price;
    return line.unit_price !== null && line.unit_price !== expected ? [words.newPrice(name(line.menu_id), won(line.unit_price))] : [];
  });
}
