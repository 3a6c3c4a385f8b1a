// What is on sale: a switch for each dish and, where the installation counts stock, how many are left.

import { h, showList, show } from "../common/dom.js";
import { won } from "../common/money.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../types.js").AnswerOf<"list_menus">} Menus */
/** @typedef {Menus["categories"][number]["menus"][number]} Menu */

/**
 * @param {HTMLElement} place
 * @param {Menus | null} menus null: they are still on their way
 * @param {boolean} counts whether the installation counts stock
 * @param {(menu: Menu, is_available: boolean) => Promise<void>} onSwitch
 * @param {(menu: Menu, remaining: number | null) => Promise<void>} onCount
 */
export function showMenus(place, menus, counts, onSwitch, onCount) {
  if (!place.querySelector(".sale")) show(place, h("div", { class: "sale" }));
  const list = /** @type {HTMLElement} */ (place.firstElementChild);
  const categories = menus?.categories.filter((category) => category.menus.length) ?? [];
  showList(
    list,
    categories,
    (category) => String(category.category_id),
    (category) =>
      h(
        "section",
        { "aria-label": category.category_name },
        h("h2", {}, category.category_name),
        h("ul", {}, ...category.menus.map((menu) => row(menu, counts, onSwitch, onCount))),
      ),
    (category) => [
      category.category_name,
      words.language,
      ...category.menus.map((menu) => [menu.menu_id, menu.menu_name, menu.price, menu.is_available, menu.remaining]),
    ],
  );
  if (menus && categories.length === 0) show(list, h("p", { class: "muted" }, words.noMenus));
}

/**
 * @param {Menu} menu
 * @param {boolean} counts
 * @param {(menu: Menu, is_available: boolean) => Promise<void>} onSwitch
 * @param {(menu: Menu, remaining: number | null) => Promise<void>} onCount
 */
function row(menu, counts, onSwitch, onCount) {
  const toggle = h(
    "button",
    {
      type: "button",
      role: "switch",
      class: "switch",
      "aria-checked": String(menu.is_available),
      "aria-label": menu.menu_name,
      "data-role": `sale-${menu.menu_id}`,
      onclick: () => {
        toggle.setAttribute("aria-busy", "true");
        onSwitch(menu, !menu.is_available).finally(() => toggle.removeAttribute("aria-busy"));
      },
    },
    h("span", { "aria-hidden": "true" }, menu.is_available ? words.sold : words.soldOut),
  );
  return h(
    "li",
    { "data-menu": menu.menu_id },
    h("span", { class: "sale-name" }, menu.menu_name, " ", h("span", { class: "small muted money" }, won(menu.price))),
    counts && stockForm(menu, onCount),
    toggle,
  );
}

/**
 * @param {Menu} menu
 * @param {(menu: Menu, remaining: number | null) => Promise<void>} onCount
 */
function stockForm(menu, onCount) {
  const save = h("button", { type: "submit", class: "main", hidden: true }, words.save);
  const input = h("input", {
    inputmode: "numeric", pattern: "[0-9]*", maxlength: 6, value: menu.remaining ?? "", placeholder: words.stockHint, autocomplete: "off",
    "aria-label": `${menu.menu_name}: ${words.stock}`, "data-role": `stock-${menu.menu_id}`, oninput: () => (save.hidden = false),
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onCount(menu, input.value === "" ? null : Number(input.value));
  };
  return h("form", { class: "stock", onsubmit: submit }, input, save);
}
