// A dish's page: its picture and words, how many, and with what.

import { h, show } from "../shared/dom.js";
import { won } from "../shared/money.js";
import { stepper } from "../shared/stepper.js";
import { words } from "../words/guests/index.js";
import { unitPrice } from "./cart.js";
import { nameOf, pictureOf } from "./menu.js";

/** @typedef {import("../types.js").Menu} Menu */
/** @typedef {import("../types.js").OptionGroup} OptionGroup */
/** @typedef {Map<number, number>} Choice how many of each option, by its id */

const MOST = 99;
const LONGEST_NOTE = 100;

/**
 * Show a dish in the dialog.
 * @param {HTMLDialogElement} dialog
 * @param {Menu} menu
 * @param {(feature: string) => boolean} has
 * @param {(line: import("./cart.js").CartLine) => void} onAdd
 */
export function showDish(dialog, menu, has, onAdd) {
  const groups = has("options") ? (menu.option_groups ?? []) : [];
  /** @type {Choice} */
  const choice = new Map(
    groups.flatMap((group) => group.options.filter((option) => option.is_default && option.is_available).map((option) => [option.option_id, 1])),
  );
  let quantity = 1;

  const chosen = () => [...choice].filter(([, count]) => count > 0).map(([option_id, count]) => ({ option_id, quantity: count }));
  const note = h("input", { maxlength: LONGEST_NOTE, placeholder: words.noteHint, autocomplete: "off" });
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
      ),
      ...groups.map((group) => optionGroup(group, choice, update)),
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

/** @param {OptionGroup} group */
const groupName = (group) => group.display_name ?? group.group_name;

/** @param {OptionGroup} group @param {Choice} choice */
const countOf = (group, choice) => group.options.reduce((sum, option) => sum + (choice.get(option.option_id) ?? 0), 0);

/**
 * @param {OptionGroup} group
 * @param {Choice} choice
 * @param {() => void} onChange
 */
function optionGroup(group, choice, onChange) {
  const single = group.max_select === 1;
  const set = (/** @type {number} */ option_id, /** @type {number} */ count) => {
    if (single) for (const option of group.options) choice.set(option.option_id, 0);
    choice.set(option_id, count);
    onChange();
  };
  const list = h("ul", { class: "options" });
  const refuse = () => {
    const full = !single && countOf(group, choice) >= group.max_select;
    for (const input of list.querySelectorAll("input")) input.disabled = input.dataset["gone"] === "" || (full && !input.checked);
  };
  list.append(
    ...group.options.map((option) => {
      const name = option.display_name ?? option.option_name;
      const input = h("input", {
        type: single && group.min_select === 1 ? "radio" : "checkbox",
        name: `group-${group.group_id}`,
        checked: (choice.get(option.option_id) ?? 0) > 0,
        "data-gone": option.is_available ? null : "",
        onchange: () => {
          if (single && input.checked) for (const other of list.querySelectorAll("input")) other.checked = other === input;
          set(option.option_id, input.checked ? 1 : 0);
          refuse();
        },
      });
      return h(
        "li",
        {},
        h(
          "label",
          { class: "option" },
          input,
          h("span", {}, name, !option.is_available && h("span", { class: "label" }, words.soldOut)),
          option.price_delta !== 0 && h("span", { class: "money muted" }, `${option.price_delta > 0 ? "+" : ""}${won(option.price_delta)}`),
        ),
        group.max_each > 1 &&
          option.is_available &&
          stepper({
            label: name, fewer: words.fewer, more: words.more, value: choice.get(option.option_id) ?? 0, least: 0, most: group.max_each,
            onChange: (count) => {
              input.checked = count > 0;
              set(option.option_id, count);
              refuse();
            },
          }),
      );
    }),
  );
  refuse();
  return h(
    "fieldset",
    { class: "option-group" },
    h("legend", {}, groupName(group), " ", h("span", { class: "label" }, group.min_select > 0 ? words.required : words.upTo(group.max_select))),
    list,
  );
}
