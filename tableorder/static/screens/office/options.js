// The option groups, which dishes share, and their options.

import { h, show, showList } from "../common/dom.js";
import { won } from "../common/money.js";
import { whenReleased } from "../common/pressing.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { askForGroup, askForOption } from "./option-forms.js";
import { handle, isMoving } from "./sortable.js";

/** @typedef {import("../types.js").AnswerOf<"list_option_groups">["option_groups"][number]} Group */
/** @typedef {Group["options"][number]} Option */

export class OptionsView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.groups = /** @type {Group[] | null} */ (null);
    this.list = h("ol", { class: "sortable groups" });
    this.none = h("p", { class: "muted" });
    const add = () => askForGroup(shift, dialog, null, this.load);
    show(place, h("div", { class: "section-head" }, h("h2", {}, office().views.options), h("button", { type: "button", class: "main", onclick: add }, office().addGroup)), this.none, this.list);
  }

  load = async () => {
    this.groups = (await this.shift.call("list_option_groups", {})).option_groups;
    whenReleased(this.draw);
  };

  #reload = () => void this.load().catch(this.shift.fail);

  draw = () => {
    if (!this.groups || isMoving()) return;
    show(this.none, this.groups.length === 0 && office().noGroups);
    showList(this.list, this.groups, (group) => String(group.group_id), (group) => this.#groupCard(group), withoutPlace);
    this.groups.forEach((group, index) => {
      const options = this.list.children[index]?.querySelector(".sortable");
      if (options) showList(options, group.options, (option) => String(option.option_id), (option) => this.#optionRow(group.group_id, option), withoutPlace);
    });
  };

  /** @param {Group} group */
  #groupCard(group) {
    const words = office();
    return h(
      "li",
      { class: "card" },
      h(
        "div",
        { class: "section-head" },
        handle(group.group_name, (keys) => this.#sortGroups(keys.map(Number)).catch(this.shift.fail), this.#reload),
        h("h3", {}, group.group_name, " ", h("span", { class: "label" }, words.rule(group.min_select, group.max_select))),
        h("button", { type: "button", class: "plain", "aria-label": words.changeOf(group.group_name), "data-role": "change", onclick: () => askForGroup(this.shift, this.dialog, group, this.load) }, words.change),
      ),
      h("ol", { class: "sortable" }),
      h("button", { type: "button", class: "add", "data-role": "add", onclick: () => this.#askForOption(group.group_id, null) }, words.addOption, h("span", { class: "unseen" }, group.group_name)),
    );
  }

  /** @param {number} group_id */
  #group = (group_id) => this.groups?.find((group) => group.group_id === group_id);

  /** @param {number} group_id @param {Option} option */
  #optionRow(group_id, option) {
    const on = option.is_available;
    return h(
      "li",
      {},
      handle(option.option_name, (keys) => this.#sortOptions(group_id, keys.map(Number)).catch(this.shift.fail), this.#reload),
      h(
        "button",
        { type: "button", class: "plain row", onclick: () => this.#askForOption(group_id, option) },
        h("span", { class: "row-name" }, option.option_name),
        option.is_default && h("span", { class: "label accent" }, office().byDefault),
        option.price_delta !== 0 && h("span", { class: "money" }, `${option.price_delta > 0 ? "+" : ""}${won(option.price_delta)}`),
        h("span", { class: "unseen" }, office().change),
      ),
      h(
        "button",
        { type: "button", role: "switch", class: "switch", "aria-checked": String(on), "aria-label": option.option_name, onclick: () => this.#sell(option, !on) },
        h("span", { "aria-hidden": "true" }, on ? staff.sold : staff.soldOut),
      ),
    );
  }

  /** @param {number} group_id @param {Option | null} option null: a new one */
  #askForOption(group_id, option) {
    askForOption(this.shift, this.dialog, group_id, option, this.load).catch(this.shift.fail);
  }

  /** @param {Option} option @param {boolean} is_available */
  #sell({ option_id }, is_available) {
    this.shift.call("update_option", { path: { option_id }, body: { is_available } }).then(this.load).catch(this.shift.fail);
  }

  /** @param {number[]} ids */
  async #sortGroups(ids) {
    for (const [index, group_id] of ids.entries()) {
      const before = this.groups?.find((group) => group.group_id === group_id)?.display_order;
      if (before !== index + 1) await this.shift.call("update_option_group", { path: { group_id }, body: { display_order: index + 1 } });
    }
  }

  /** @param {number} group_id @param {number[]} ids */
  async #sortOptions(group_id, ids) {
    for (const [index, option_id] of ids.entries()) {
      const before = this.#group(group_id)?.options.find((option) => option.option_id === option_id)?.display_order;
      if (before !== index + 1) await this.shift.call("update_option", { path: { option_id }, body: { display_order: index + 1 } });
    }
  }
}

/** What does not change when others are moved around it. @param {Group | Option} one */
function withoutPlace(one) {
  const { display_order, ...rest } = one;
  return "options" in rest ? { ...rest, options: null } : rest;
}
