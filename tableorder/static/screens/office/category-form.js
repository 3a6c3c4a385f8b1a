// A category: its name.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { read, textField } from "./fields.js";
import { askToRemove } from "./remove.js";

/**
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {import("./menu.js").Category | null} category null: a new one
 * @param {(category_id: number) => Promise<void>} onDone
 */
export function askForCategory(shift, dialog, category, onDone) {
  const words = office();
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, category ? words.changeCategory : words.addCategory),
    textField(words.name, "category_name", { required: true, maxlength: 50, value: category?.category_name ?? "" }),
  );
  const remove = () => {
    if (!category) return;
    const { category_id } = category;
    askToRemove(dialog, category.category_name, async () => {
      await shift.call("delete_category", { path: { category_id } });
      await onDone(0);
    });
  };
  const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
  if (category) buttons.unshift(h("button", { type: "button", onclick: remove }, words.remove));
  ask(dialog, form, buttons, async () => {
    const body = { category_name: read(form).text("category_name") };
    const path = { category_id: category?.category_id ?? 0 };
    const saved = category ? await shift.call("update_category", { path, body }) : await shift.call("add_category", { body, once: true });
    await onDone(saved.category_id);
  });
}
