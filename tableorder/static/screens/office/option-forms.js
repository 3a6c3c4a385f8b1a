// An option group: its name, and how many are chosen. An option: its name, and what it adds to the price.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { numberField, read, textField, tick } from "./fields.js";
import { allergenNames, allergensField, allergensOf } from "./labels.js";
import { askToRemove } from "./remove.js";

/** @typedef {import("../staff/shift.js").Shift} Shift */
/** @typedef {import("./options.js").Group} Group */
/** @typedef {import("./options.js").Option} Option */

const MOST = 30;
const DEAREST = 999_999_999;

/**
 * @param {Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {Group | null} group null: a new one
 * @param {() => Promise<void>} onDone
 */
export function askForGroup(shift, dialog, group, onDone) {
  const words = office();
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, group ? words.changeGroup : words.addGroup),
    textField(words.name, "group_name", { required: true, maxlength: 50, value: group?.group_name ?? "" }),
    h(
      "div",
      { class: "pair" },
      numberField(words.least, "min_select", group?.min_select ?? 0, { required: true, min: 0, max: MOST }),
      numberField(words.most, "max_select", group?.max_select ?? 1, { required: true, min: 1, max: MOST }),
    ),
    numberField(words.each, "max_each", group?.max_each ?? 1, { required: true, min: 1, max: MOST }),
  );
  const remove = () => {
    if (!group) return;
    const { group_id } = group;
    askToRemove(dialog, group.group_name, async () => {
      await shift.call("delete_option_group", { path: { group_id } });
      await onDone();
    });
  };
  const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
  if (group) buttons.unshift(h("button", { type: "button", onclick: remove }, words.remove));
  ask(dialog, form, buttons, async () => {
    const given = read(form);
    const body = {
      group_name: given.text("group_name"),
      min_select: given.whole("min_select") ?? 0,
      max_select: given.whole("max_select") ?? 1,
      max_each: given.whole("max_each") ?? 1,
    };
    if (group) await shift.call("update_option_group", { path: { group_id: group.group_id }, body });
    else await shift.call("add_option_group", { body, once: true });
    await onDone();
  });
}

/**
 * @param {Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {number} group_id
 * @param {Option | null} option null: a new one
 * @param {() => Promise<void>} onDone
 */
export async function askForOption(shift, dialog, group_id, option, onDone) {
  const words = office();
  const allergens = await allergenNames(shift);
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, option ? words.changeOption : words.addOption),
    textField(words.name, "option_name", { required: true, maxlength: 50, value: option?.option_name ?? "" }),
    numberField(words.delta, "price_delta", option?.price_delta ?? 0, { required: true, min: -DEAREST, max: DEAREST }),
    h("details", {}, h("summary", {}, words.allergens), allergensField(allergens, option?.allergens ?? null)),
    tick(words.isDefault, "is_default", option?.is_default ?? false),
    tick(words.onSale, "is_available", option?.is_available ?? true),
  );
  const remove = () => {
    if (!option) return;
    const { option_id } = option;
    askToRemove(dialog, option.option_name, async () => {
      await shift.call("delete_option", { path: { option_id } });
      await onDone();
    });
  };
  const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
  if (option) buttons.unshift(h("button", { type: "button", onclick: remove }, words.remove));
  ask(dialog, form, buttons, async () => {
    const given = read(form);
    const body = {
      option_name: given.text("option_name"),
      price_delta: given.whole("price_delta") ?? 0,
      is_default: given.ticked("is_default"),
      is_available: given.ticked("is_available"),
      allergens: allergensOf(given),
    };
    if (option) await shift.call("update_option", { path: { option_id: option.option_id }, body });
    else await shift.call("add_option", { path: { group_id }, body, once: true });
    await onDone();
  });
}
