// The cart: what it holds, what it comes to, and how it is shown.

import { h, showList } from "../common/dom.js";
import { keep, recall } from "../common/kept.js";
import { won } from "../common/money.js";
import { stepper } from "../common/stepper.js";
import { languageTag, words } from "../words/guests/index.js";
import { lackOf, nameOf } from "./menu.js";

/** @typedef {import("../types.js").Menu} Menu */
/** @typedef {import("../types.js").ChosenOption} ChosenOption */
/** @typedef {{ menu_id: number, quantity: number, options: ChosenOption[], note: string }} CartLine */

const MOST = 99; // of one line
const MOST_LINES = 50;

export class Cart {
  constructor() {
    this.lines = /** @type {CartLine[]} */ (recall("tablet.cart") ?? []);
  }

  /** @param {CartLine} line one like it grows instead */
  add(line) {
    const alike = this.lines.find((other) => likeness(other) === likeness(line));
    if (alike) alike.quantity = Math.min(alike.quantity + line.quantity, MOST);
    else if (this.lines.length < MOST_LINES) this.lines.push(line);
    keep("tablet.cart", this.lines);
  }

  /**
   * @param {CartLine} line
   * @param {number} quantity 0 takes it out
   */
  change(line, quantity) {
    line.quantity = quantity;
    this.lines = this.lines.filter((other) => other.quantity > 0);
    keep("tablet.cart", this.lines);
  }

  clear() {
    this.lines = [];
    keep("tablet.cart", null);
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  /** What it comes to, by the menu as it is shown. @param {import("./menu.js").MenuCard} card */
  total(card) {
    return this.lines.reduce((sum, line) => sum + line.quantity * unitPrice(card.find(line.menu_id), line.options), 0);
  }
}

/**
 * @param {Menu | undefined} menu
 * @param {ChosenOption[]} chosen
 */
export function unitPrice(menu, chosen) {
  if (!menu) return 0;
  const deltas = new Map(optionsOf(menu).map((option) => [option.option_id, option.price_delta]));
  return chosen.reduce((sum, { option_id, quantity }) => sum + (deltas.get(option_id) ?? 0) * quantity, menu.price);
}

/** A server that has no options yet sends no groups. @param {Menu} menu */
export const optionsOf = (menu) => (menu.option_groups ?? []).flatMap((group) => group.options);

/**
 * What `POST /customer/orders` is sent. With `quotes` it says what the guests saw, so that they never pay anything else.
 * @param {Cart} cart
 * @param {import("./menu.js").MenuCard} card
 * @param {(feature: string) => boolean} has
 * @returns {import("../types.js").OrderRequest}
 */
export function orderOf(cart, card, has) {
  const items = cart.lines.map(({ menu_id, quantity, options, note }) => ({
    menu_id,
    quantity,
    ...(has("options") && { options }),
    ...(has("notes") && note && { note }),
    ...(has("quotes") && { expected_unit_price: unitPrice(card.find(menu_id), options) }),
  }));
  const version = card.document?.version;
  const lang = has("languages") && { lang: languageTag };
  return { items, ...lang, ...(has("quotes") && { expected_total: cart.total(card), ...(version && { menu_version: version }) }) };
}

/**
 * @param {HTMLElement} list
 * @param {Cart} cart
 * @param {import("./menu.js").MenuCard} card
 * @param {boolean} frozen while the order is on its way
 * @param {() => void} onChange
 */
export function showCart(list, cart, card, frozen, onChange) {
  showList(
    list,
    cart.lines,
    likeness,
    (line) => cartLine(line, card.find(line.menu_id), frozen, (quantity) => {
      cart.change(line, quantity);
      onChange();
    }),
    (line) => [line, card.find(line.menu_id), frozen, words.language],
  );
}

/**
 * @param {CartLine} line
 * @param {Menu | undefined} menu undefined: it has left the menu
 * @param {boolean} frozen
 * @param {(quantity: number) => void} onChange
 */
function cartLine(line, menu, frozen, onChange) {
  const name = menu ? nameOf(menu) : "–";
  const gone = !menu?.is_available;
  const names = new Map(menu ? optionsOf(menu).map((option) => [option.option_id, option.display_name ?? option.option_name]) : []);
  const details = line.options.map(({ option_id, quantity }) => `${names.get(option_id) ?? "–"}${quantity > 1 ? ` ×${quantity}` : ""}`);
  return h(
    "li",
    { class: "cart-line" },
    h("p", { class: "cart-name" }, name, gone && h("span", { class: "label" }, lackOf(menu))),
    details.length > 0 && h("p", { class: "small muted" }, details.join(", ")),
    line.note && h("p", { class: "small muted" }, `“${line.note}”`),
    h(
      "div",
      { class: "cart-count" },
      gone
        ? h("button", { type: "button", disabled: frozen, "aria-label": `${name}: ${words.remove}`, onclick: () => onChange(0) }, words.remove)
        : stepper({
            label: name,
            fewer: line.quantity > 1 ? words.fewer : words.remove,
            more: words.more,
            value: line.quantity,
            least: frozen ? line.quantity : 0,
            most: frozen ? line.quantity : MOST,
            onChange,
          }),
      h("span", { class: "money" }, won(line.quantity * unitPrice(menu, line.options))),
    ),
  );
}

/** @param {CartLine} line */
const likeness = ({ menu_id, options, note }) => JSON.stringify([menu_id, options, note]);
