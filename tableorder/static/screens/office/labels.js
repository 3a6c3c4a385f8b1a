// What guests must know of a dish: allergens, where its ingredients come from, how hot it is, from which age it is sold.

import { h, show } from "../common/dom.js";
import { listMenus } from "../staff/menus.js";
import { office } from "../words/office/index.js";
import { numberField, read, tick } from "./fields.js";

/** @typedef {import("../staff/shift.js").Shift} Shift */
/** @typedef {import("./menu.js").Menu} Menu */
/** @typedef {NonNullable<Menu["allergens"]>} Allergens */

const HOTTEST = 3;
const OLDEST = 150;

/** The allergens that are declared, by code. @param {Shift} shift @returns {Promise<Record<string, string>>} */
export const allergenNames = async (shift) => (await listMenus(shift)).allergen_names;

/**
 * @param {Record<string, string>} names
 * @param {readonly Allergens[number][] | null} declared null: nothing is said of allergens
 */
export function allergensField(names, declared) {
  const words = office();
  const says = tick(words.declares, "declares_allergens", declared !== null);
  const onchange = () => /** @type {HTMLInputElement} */ (says.querySelector("input")).checked = true;
  const choices = Object.entries(names).map(([code, name]) =>
    h("label", { class: "choice" }, h("input", { type: "checkbox", name: "allergen", value: code, checked: declared?.includes(/** @type {Allergens[number]} */ (code)) ?? false, onchange }), h("span", { lang: "ko" }, name)),
  );
  return h("fieldset", {}, h("legend", {}, words.allergens), says, h("p", { class: "small muted" }, words.allergensHint), h("div", { class: "choices" }, ...choices));
}

/** @param {ReturnType<typeof read>} given */
export const allergensOf = (given) => (given.ticked("declares_allergens") ? /** @type {Allergens} */ (given.all("allergen")) : null);

/**
 * @param {Record<string, string>} names of the allergens
 * @param {Menu | null} menu
 */
export function labelsField(names, menu) {
  const words = office();
  const origins = h("div", { class: "origins" }, ...(menu?.origins ?? []).map(originRow), originRow());
  const more = h("button", { type: "button", class: "add", onclick: () => origins.append(originRow()) }, words.addOrigin);
  return h(
    "details",
    {},
    h("summary", {}, words.labels),
    h(
      "div",
      { class: "label-fields" },
      h("fieldset", {}, h("legend", {}, words.origins), origins, more),
      allergensField(names, menu?.allergens ?? null),
      h(
        "div",
        { class: "pair" },
        h("label", {}, words.spicy, h("select", { name: "spicy" }, ...Array.from({ length: HOTTEST + 1 }, (_, heat) => h("option", { value: heat, selected: heat === (menu?.spicy ?? 0) }, words.heats[heat])))),
        numberField(words.minAge, "min_age", menu?.min_age, { min: 1, max: OLDEST }, words.minAgeHint),
      ),
    ),
  );
}

/** @param {{ ingredient: string, origin: string }} [present] */
function originRow({ ingredient, origin } = { ingredient: "", origin: "" }) {
  const words = office();
  return h(
    "div",
    { class: "pair" },
    h("input", { name: "ingredient", maxlength: 50, autocomplete: "off", value: ingredient, placeholder: words.ingredientExample, "aria-label": words.ingredient }),
    h("input", { name: "origin", maxlength: 100, autocomplete: "off", value: origin, placeholder: words.originExample, "aria-label": words.origin }),
  );
}

/** What the fields say. @param {ReturnType<typeof read>} given */
export function labelsOf(given) {
  const origins = given.all("origin").map((origin) => origin.trim());
  return {
    allergens: allergensOf(given),
    origins: given
      .all("ingredient")
      .map((ingredient, index) => ({ ingredient: ingredient.trim(), origin: origins[index] ?? "" }))
      .filter(({ ingredient, origin }) => ingredient || origin),
    spicy: given.whole("spicy") ?? 0,
    min_age: given.whole("min_age"),
  };
}

/**
 * The dishes of which guests are not told something that they should be.
 * @param {HTMLElement} place
 * @param {import("../types.js").AnswerOf<"list_missing_labels">} missing
 * @param {Menu[]} menus
 * @param {(menu: Menu) => void} onChoose
 */
export function showMissing(place, { undeclared, suspects }, menus, onChoose) {
  const words = office();
  const rows = menus.flatMap((menu) => {
    const wanted = suspects.filter(({ menu_id }) => menu_id === menu.menu_id).map(({ ingredient }) => words.originOf(ingredient));
    if (undeclared.includes(menu.menu_id)) wanted.push(words.allergens);
    return wanted.length > 0 ? [h("li", {}, h("button", { type: "button", class: "plain row", onclick: () => onChoose(menu) }, h("span", { class: "row-name" }, menu.menu_name), h("span", { class: "small muted" }, wanted.join(", "))))] : [];
  });
  const open = place.querySelector("details")?.open ?? false;
  show(place, rows.length > 0 && h("details", { class: "card", open }, h("summary", {}, words.missing(rows.length)), h("p", { class: "small muted" }, words.missingAbout), h("ul", { class: "rows" }, ...rows)));
}
