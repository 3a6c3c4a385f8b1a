// A dish: its name, price, words, picture and labels, its option groups, whether it is sold and how many are left.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { lowAtOf } from "../staff/stock.js";
import { office } from "../words/office/index.js";
import { daypartsField } from "./dayparts.js";
import { numberField, read, textField, tick } from "./fields.js";
import { allergenNames, labelsField, labelsOf } from "./labels.js";
import { pictureOf } from "./menu.js";
import { pictureField } from "./picture.js";
import { askToRemove } from "./remove.js";
import { handle } from "./sortable.js";

/** @typedef {import("./menu.js").Menu} Menu */
/** @typedef {import("./menu.js").Category} Category */
/** @typedef {import("../types.js").AnswerOf<"list_option_groups">["option_groups"][number]} Group */

const HIGHEST_PRICE = 999_999_999;

/**
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {{ menu: Menu | null, category: Category, categories: Category[] }} of without a menu: a new one
 * @param {() => Promise<void>} onDone
 */
export async function askForMenu(shift, dialog, { menu, category, categories }, onDone) {
  const words = office();
  const groups = shift.has("options") ? (await shift.call("list_option_groups", {})).option_groups : [];
  const lowAt = menu && shift.has("stock") ? await lowAtOf(shift, menu) : null;
  const allergens = await allergenNames(shift);
  const dayparts = await daypartsField(shift, menu?.dayparts ?? []);
  const picture = pictureField(menu && pictureOf(menu));
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, menu ? words.changeMenu : words.addMenu),
    textField(words.name, "menu_name", { required: true, maxlength: 100, value: menu?.menu_name ?? "" }),
    h(
      "div",
      { class: "pair" },
      numberField(words.price, "price", menu?.price, { required: true, min: 1, max: HIGHEST_PRICE }),
      h("label", {}, words.category, h("select", { name: "category_id" }, ...categories.map((one) => h("option", { value: one.category_id, selected: one.category_id === category.category_id }, one.category_name)))),
    ),
    h("label", {}, words.description, h("textarea", { name: "description", maxlength: 500, rows: 2 }, menu?.description ?? "")),
    picture.element,
    groups.length > 0 && groupsField(groups, menu),
    shift.has("stock") &&
      h("div", { class: "pair" }, numberField(words.stock, "remaining", menu?.remaining, { min: 0, max: 999_999 }, words.stockHint), numberField(words.lowAt, "low_at", lowAt, { min: 0, max: 999_999 })),
    dayparts,
    labelsField(allergens, menu),
    tick(words.onSale, "is_available", menu?.is_available ?? true),
  );
  const remove = () => {
    if (!menu) return;
    const { menu_id } = menu;
    askToRemove(dialog, menu.menu_name, async () => {
      await shift.call("delete_menu", { path: { menu_id } });
      await onDone();
    });
  };
  const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
  if (menu) buttons.unshift(h("button", { type: "button", onclick: remove }, words.remove));

  let saved = /** @type {number | null} */ (menu?.menu_id ?? null); // a second try after a half one changes what the first has added
  ask(dialog, form, buttons, async () => {
    const given = read(form);
    const image_base64 = picture.value();
    const body = {
      category_id: Number(given.text("category_id")),
      menu_name: given.text("menu_name"),
      price: Number(given.whole("price")),
      description: given.text("description") || null,
      is_available: given.ticked("is_available"),
      ...labelsOf(given),
    };
    if (saved) await shift.call("update_menu", { path: { menu_id: saved }, body: { ...body, ...(image_base64 !== undefined && { image_base64 }) } });
    else saved = (await shift.call("add_menu", { body: { ...body, image_base64: image_base64 ?? null }, once: true })).menu_id;
    const group_ids = given.all("group").map(Number);
    if (groups.length > 0 && group_ids.join() !== idsOf(menu).join())
      await shift.call("set_menu_option_groups", { path: { menu_id: saved }, body: { group_ids } });
    const daypart_ids = given.all("daypart").map(Number);
    if (dayparts && daypart_ids.join() !== (menu?.dayparts ?? []).join()) await shift.call("set_menu_dayparts", { path: { menu_id: saved }, body: { daypart_ids } });
    const [remaining, low_at] = [given.whole("remaining"), given.whole("low_at")];
    if (shift.has("stock") && (remaining !== (menu?.remaining ?? null) || low_at !== lowAt))
      await shift.call("set_stock", { body: { menu_id: saved, option_id: null, remaining, low_at } });
    await onDone();
  });
}

/** @param {Menu | null} menu */
const idsOf = (menu) => menu?.option_groups.map((group) => group.group_id) ?? [];

/**
 * The store's groups; those of the menu first, in their order.
 * @param {Group[]} groups
 * @param {Menu | null} menu
 */
function groupsField(groups, menu) {
  const words = office();
  const attached = idsOf(menu);
  const place = (/** @type {Group} */ group) => (attached.includes(group.group_id) ? attached.indexOf(group.group_id) : attached.length);
  const rows = [...groups]
    .sort((one, other) => place(one) - place(other))
    .map((group) =>
      h(
        "li",
        { "data-key": group.group_id },
        handle(group.group_name, () => {}),
        h("label", { class: "choice" }, h("input", { type: "checkbox", name: "group", value: group.group_id, checked: attached.includes(group.group_id) }), group.group_name),
      ),
    );
  return h("fieldset", {}, h("legend", {}, words.groups), h("p", { class: "small muted" }, words.groupsHint), h("ol", { class: "sortable" }, ...rows));
}
