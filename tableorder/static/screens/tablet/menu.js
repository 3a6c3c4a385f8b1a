// The menu: its document, kept so that it can be read without a connection, and how it is shown.

import { h, show, showList } from "../common/dom.js";
import { keep, recall } from "../common/kept.js";
import { won } from "../common/money.js";
import { timeToCome } from "../common/time.js";
import { languageTag, words } from "../words/guests/index.js";

/** @typedef {import("../types.js").Menu} Menu */
/** @typedef {import("../types.js").MenuDocument} MenuDocument */

const READING = 140; // px from the top: where a category is being read

export class MenuCard {
  constructor() {
    this.document = /** @type {MenuDocument | null} */ (recall("tablet.menu"));
  }

  /** @param {MenuDocument} document */
  take(document) {
    this.document = document;
    keep("tablet.menu", withoutPictures(document));
  }

  forget() {
    this.document = null;
    keep("tablet.menu", null);
  }

  /** @param {number} menu_id */
  find(menu_id) {
    return this.document?.categories.flatMap((category) => category.menus).find((menu) => menu.menu_id === menu_id);
  }
}

/** A thing's name in the guests' language, if the restaurant has given it one. @param {Menu} menu */
export const nameOf = (menu) => menu.display_name ?? menu.menu_name;

/** Why a dish cannot be ordered, in a word or two. @param {Menu | undefined} menu undefined: it has left the menu */
export function lackOf(menu) {
  if (menu?.served_now !== false) return words.soldOut;
  return menu.next_from ? words.servedFrom(timeToCome(menu.next_from, languageTag)) : words.notServed;
}

/** @param {Menu} menu */
export const pictureOf = (menu) => menu.image_url ?? menu.image_base64;

/**
 * Show the categories' names and the dishes.
 * @param {MenuDocument | null} document null: it is still on its way
 * @param {HTMLElement} names
 * @param {HTMLElement} dishes
 * @param {(menu: Menu) => void} onChoose
 */
export function showMenu(document, names, dishes, onChoose) {
  const categories = document?.categories.filter((category) => category.menus.length) ?? [];
  const titleOf = (/** @type {import("../types.js").Category} */ category) => category.display_name ?? category.category_name;
  showList(
    names,
    categories,
    (category) => String(category.category_id),
    (category) => h("li", {}, h("a", { href: `#category-${category.category_id}` }, titleOf(category))),
    titleOf,
  );
  showList(
    dishes,
    categories,
    (category) => String(category.category_id),
    (category) =>
      h(
        "section",
        { id: `category-${category.category_id}`, "aria-label": titleOf(category) },
        h("h2", {}, titleOf(category)),
        h("ul", { class: "dishes" }, ...category.menus.map((menu) => h("li", {}, dishButton(menu, onChoose)))),
      ),
    (category) => [category, words.language],
  );
  if (!categories.length) show(dishes, h("p", { class: "muted" }, document ? words.emptyMenu : words.loading));
  if (document?.origin_notice) dishes.append(h("section", { class: "origin small muted" }, h("h2", {}, words.origin), document.origin_notice));
}

/**
 * @param {Menu} menu
 * @param {(menu: Menu) => void} onChoose
 */
function dishButton(menu, onChoose) {
  const picture = pictureOf(menu);
  return h(
    "button",
    { type: "button", class: "dish", disabled: !menu.is_available, "data-menu": menu.menu_id, onclick: () => onChoose(menu) },
    h(
      "span",
      { class: "dish-text" },
      h("span", { class: "dish-name" }, nameOf(menu)),
      (menu.display_description ?? menu.description) &&
        h("span", { class: "small muted dish-description" }, menu.display_description ?? menu.description),
      h(
        "span",
        { class: "dish-price" },
        h("span", { class: "money" }, won(menu.price)),
        !menu.is_available && h("span", { class: "label" }, lackOf(menu)),
      ),
    ),
    picture && h("img", { src: picture, alt: "", loading: "lazy", decoding: "async" }),
  );
}

/**
 * Mark the category that is being read.
 * @param {HTMLElement} names
 * @param {HTMLElement} dishes
 */
export function followReading(names, dishes) {
  const mark = () => {
    const sections = [...dishes.querySelectorAll("section[id]")];
    const atEnd = scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 1;
    const read = atEnd ? sections.at(-1) : (sections.findLast((section) => section.getBoundingClientRect().top < READING) ?? sections[0]);
    for (const link of names.querySelectorAll("a")) {
      const current = link.hash === `#${read?.id}`;
      if (current === link.hasAttribute("aria-current")) continue;
      link.toggleAttribute("aria-current", current);
      if (current) {
        link.setAttribute("aria-current", "true");
        names.scrollTo({ left: link.offsetLeft - 16, top: link.offsetTop - names.clientHeight / 2 });
      }
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
  return mark;
}

/**
 * Pictures inside the document are too large to keep.
 * @param {MenuDocument} document
 * @returns {MenuDocument}
 */
function withoutPictures(document) {
  const categories = document.categories.map((category) => ({
    ...category,
    menus: category.menus.map((menu) => ({ ...menu, image_base64: null })),
  }));
  return { ...document, categories };
}
