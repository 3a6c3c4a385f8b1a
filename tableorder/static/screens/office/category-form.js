// A category: its name, and when it is served.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { daypartsField } from "./dayparts.js";
import { read, textField } from "./fields.js";
import { askToRemove } from "./remove.js";

/**
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {import("./menu.js").Category | null} category null: a new one
 * @param {(category_id: number) => Promise<void>} onDone
 */
export async function askForCategory(shift, dialog, category, onDone) {
  const words = office();
  const dayparts = await daypartsField(shift, category?.dayparts ?? []);
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, category ? words.changeCategory : words.addCategory),
    textField(words.name, "category_name", { required: true, maxlength: 50, value: category?.category_name ?? "" }),
    dayparts,
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
    const given = read(form);
    const body = { category_name: given.text("category_name") };
    const path = { category_id: category?.category_id ?? 0 };
    const saved = category ? await shift.call("update_category", { path, body }) : await shift.call("add_category", { body, once: true });
    const daypart_ids = given.all("daypart").map(Number);
    if (dayparts && daypart_ids.join() !== (category?.dayparts ?? []).join())
      await shift.call("set_category_dayparts", { path: { category_id: saved.category_id }, body: { daypart_ids } });
    await onDone(saved.category_id);
  });
}
