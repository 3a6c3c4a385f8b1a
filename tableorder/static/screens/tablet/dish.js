// A dish's page: its picture and words, how many, and with what.

import { h, show, showList } from "../common/dom.js";
import { won } from "../common/money.js";
import { stepper } from "../common/stepper.js";
import { words } from "../words/guests/index.js";
import { unitPrice } from "./cart.js";
import { nameOf, pictureOf } from "./menu.js";

/** @typedef {import("../types.js").Menu} Menu */
/** @typedef {import("../types.js").OptionGroup} OptionGroup */
/** @typedef {Record<string, string>} AllergenNames by code, in the guests' language */
/** @typedef {Map<number, number>} Choice how many of each option, by its id */

const MOST = 99;
const LONGEST_NOTE = 100;

/**
 * Show a dish in the dialog.
 * @param {HTMLDialogElement} dialog
 * @param {Menu} menu
 * @param {AllergenNames} allergens
 * @param {(feature: string) => boolean} has
 * @param {(line: import("./cart.js").CartLine) => void} onAdd
 */
export function showDish(dialog, menu, allergens, has, onAdd) {
  const groups = has("options") ? (menu.option_groups ?? []) : [];
  /** @type {Choice} */
  const choice = new Map(
    groups.flatMap((group) => group.options.filter((option) => option.is_default && option.is_available).map((option) => [option.option_id, 1])),
  );
  let quantity = 1;

  const chosen = () => [...choice].filter(([, count]) => count > 0).map(([option_id, count]) => ({ option_id, quantity: count }));
  const note = h("input", { name: "note", maxlength: LONGEST_NOTE, placeholder: words.noteHint, autocomplete: "off" });
  const problem = h("p", { class: "notice wrong", role: "alert" });
  const submit = h("button", { type: "submit", class: "main" });
  const update = () => show(submit, words.add(won(quantity * unitPrice(menu, chosen()))));
  update();

  const picture = pictureOf(menu);
  const about = menu.display_description ?? menu.description;
  show(
    dialog,
    h(
      "form",
      {
        method: "dialog",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const lacking = groups.find((group) => countOf(group, choice) < group.min_select);
          if (lacking) return show(problem, words.chooseMore(groupName(lacking), lacking.min_select));
          dialog.close();
          onAdd({ menu_id: menu.menu_id, quantity, options: chosen(), note: note.value.trim() });
        },
      },
      picture && h("img", { class: "dish-picture", src: picture, alt: "" }),
      h(
        "div",
        {},
        h("h2", { id: "dish-name", tabindex: -1 }, nameOf(menu)),
        h("p", { class: "money" }, won(menu.price)),
        about && h("p", { class: "muted dish-about" }, about),
        has("labels") && labels(menu, allergens),
      ),
      ...groups.map((group) => optionGroup(group, choice, allergens, update)),
      has("notes") && h("label", {}, words.note, note),
      h("div", { class: "dish-quantity" }, h("span", {}, words.quantity), stepper({
        label: words.quantity, fewer: words.fewer, more: words.more, value: 1, least: 1, most: MOST,
        onChange: (value) => {
          quantity = value;
          update();
        },
      })),
      problem,
      h("div", { class: "actions" }, h("button", { type: "button", onclick: () => dialog.close() }, words.close), submit),
    ),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector("h2")?.focus();
}

/**
 * What guests must know: how spicy, from which age, what is in it, and where that is from.
 * @param {Menu} menu
 * @param {AllergenNames} allergens
 */
function labels(menu, allergens) {
  const row = (/** @type {string} */ term, /** @type {string} */ text) => [h("dt", {}, term), h("dd", {}, text)];
  return h(
    "dl",
    { class: "labels small" },
    ...(menu.spicy ? row(words.spicy, words.spiciness[menu.spicy - 1] ?? "") : []),
    ...(menu.min_age ? row(words.age, words.fromAge(menu.min_age)) : []),
    ...row(words.allergens, menu.allergens ? namesOf(menu.allergens, allergens) || words.none : words.askStaff),
    ...(menu.origins?.length ? row(words.origin, menu.origins.map(({ ingredient, origin }) => `${ingredient}: ${origin}`).join(", ")) : []),
  );
}

/** @param {string[]} codes @param {AllergenNames} allergens */
const namesOf = (codes, allergens) => codes.map((code) => allergens[code] ?? code).join(", ");

/** @param {OptionGroup} group */
const groupName = (group) => group.display_name ?? group.group_name;

/** @param {OptionGroup} group @param {Choice} choice */
const countOf = (group, choice) => group.options.reduce((sum, option) => sum + (choice.get(option.option_id) ?? 0), 0);

/**
 * What can be chosen of a group. One of which several can be taken is counted, the others are ticked.
 * @param {OptionGroup} group
 * @param {Choice} choice
 * @param {AllergenNames} allergens
 * @param {() => void} onChange
 */
function optionGroup(group, choice, allergens, onChange) {
  const list = h("ul", { class: "options" });
  /** @param {number} option_id @param {number} count */
  const set = (option_id, count) => {
    if (group.max_select === 1 && count > 0) for (const option of group.options) choice.delete(option.option_id);
    choice.set(option_id, count);
    draw();
    onChange();
  };
  const draw = () => {
    const room = group.max_select === 1 ? 1 : group.max_select - countOf(group, choice);
    showList(
      list,
      group.options,
      (option) => String(option.option_id),
      (option) => optionRow(group, option, allergens, choice.get(option.option_id) ?? 0, room, (count) => set(option.option_id, count)),
      (option) => [choice.get(option.option_id) ?? 0, room],
    );
  };
  draw();
  return h(
    "fieldset",
    { class: "option-group" },
    h("legend", {}, groupName(group), " ", h("span", { class: "label" }, group.min_select > 0 ? words.required : words.upTo(group.max_select))),
    list,
  );
}

/**
 * @param {OptionGroup} group
 * @param {import("../types.js").Option} option
 * @param {AllergenNames} allergens
 * @param {number} count how many are chosen
 * @param {number} room how many more the group takes
 * @param {(count: number) => void} onChange
 */
function optionRow(group, option, allergens, count, room, onChange) {
  const name = option.display_name ?? option.option_name;
  const contained = namesOf(option.allergens ?? [], allergens);
  const text = h(
    "span",
    { class: "option-name" },
    name,
    !option.is_available && h("span", { class: "label" }, words.soldOut),
    contained && h("span", { class: "small muted option-allergens" }, `${words.allergens}: ${contained}`),
  );
  const price = option.price_delta !== 0 && h("span", { class: "money muted" }, `${option.price_delta > 0 ? "+" : ""}${won(option.price_delta)}`);
  if (group.max_each > 1 && option.is_available) {
    const most = Math.min(group.max_each, count + room);
    const counter = stepper({ label: name, fewer: words.fewer, more: words.more, value: count, least: 0, most, onChange });
    return h("li", {}, h("span", { class: "option" }, text, price), counter);
  }
  const input = h("input", {
    type: group.min_select === 1 && group.max_select === 1 ? "radio" : "checkbox",
    name: `group-${group.group_id}`,
    checked: count > 0,
    disabled: !option.is_available || (count === 0 && room < 1),
    "data-role": "option",
    onchange: () => onChange(input.checked ? 1 : 0),
  });
  return h("li", {}, h("label", { class: "option" }, input, text, price));
}
