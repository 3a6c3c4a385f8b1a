// What guests can ask the staff for.

import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { numberField, read, textField, tick } from "./fields.js";
import { askToRemove } from "./remove.js";
import { handle, isMoving } from "./sortable.js";

/** @typedef {import("../types.js").AnswerOf<"list_call_items">["call_items"][number]} CallItem */

const MOST = 99;

export class CallItemsView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.items = /** @type {CallItem[] | null} */ (null);
    this.list = h("ol", { class: "sortable narrow" });
    this.none = h("p", { class: "muted" });
    show(place, h("div", { class: "section-head narrow" }, h("h2", {}, office().views.calls), h("button", { type: "button", class: "main", onclick: () => this.#ask(null) }, office().addCallItem)), this.none, this.list);
  }

  load = async () => {
    this.items = (await this.shift.call("list_call_items", {})).call_items;
    whenReleased(this.draw);
  };

  draw = () => {
    if (!this.items || isMoving()) return;
    show(this.none, this.items.length === 0 && office().noCallItems);
    showList(this.list, this.items, (item) => String(item.call_item_id), (item) => this.#row(item), ({ display_order, ...rest }) => rest);
  };

  /** @param {CallItem} item */
  #row(item) {
    const words = office();
    return h(
      "li",
      {},
      handle(item.label, (keys) => this.#sort(keys.map(Number)).catch(this.shift.fail), () => void this.load().catch(this.shift.fail)),
      h(
        "button",
        { type: "button", class: "plain row", "data-role": "change", onclick: () => this.#ask(item) },
        h("span", { class: "row-name" }, item.label),
        h("span", { class: "small muted" }, words.upTo(item.max_quantity)),
        !item.is_active && h("span", { class: "label" }, words.hidden),
        h("span", { class: "unseen" }, words.change),
      ),
    );
  }

  /** @param {number[]} ids */
  async #sort(ids) {
    for (const [index, call_item_id] of ids.entries()) {
      const before = this.items?.find((item) => item.call_item_id === call_item_id)?.display_order;
      if (before !== index + 1) await this.shift.call("update_call_item", { path: { call_item_id }, body: { display_order: index + 1 } });
    }
  }

  /** @param {CallItem | null} item null: a new one */
  #ask(item) {
    const words = office();
    const form = h(
      "form",
      {},
      h("h2", { id: "dialog-title" }, item ? words.changeCallItem : words.addCallItem),
      textField(words.name, "label", { required: true, maxlength: 30, value: item?.label ?? "" }, words.callItemHint),
      numberField(words.mostAtOnce, "max_quantity", item?.max_quantity ?? 1, { required: true, min: 1, max: MOST }),
      tick(words.shown, "is_active", item?.is_active ?? true),
    );
    const remove = (/** @type {CallItem} */ { call_item_id, label }) =>
      askToRemove(this.dialog, label, async () => {
        await this.shift.call("delete_call_item", { path: { call_item_id } });
        await this.load();
      });
    const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
    if (item) buttons.unshift(h("button", { type: "button", onclick: () => remove(item) }, words.remove));
    ask(this.dialog, form, buttons, async () => {
      const given = read(form);
      const body = { label: given.text("label"), max_quantity: given.whole("max_quantity") ?? 1, is_active: given.ticked("is_active") };
      if (item) await this.shift.call("update_call_item", { path: { call_item_id: item.call_item_id }, body });
      else await this.shift.call("add_call_item", { body: { ...body, display_order: (this.items?.at(-1)?.display_order ?? 0) + 1 }, once: true });
      await this.load();
    });
  }
}
