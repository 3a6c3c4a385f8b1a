// The tables: their numbers and passwords, and the tablets that are set up for them.

import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { Devices } from "./devices.js";
import { showEnrolment } from "./enrolment.js";
import { numberField, read, textField } from "./fields.js";
import { askToRemove } from "./remove.js";

/** @typedef {import("../types.js").AnswerOf<"list_tables">["tables"][number]} Table */

const HIGHEST_NUMBER = 9_999;
const PASSWORD = { minlength: 4, maxlength: 72, autocapitalize: "none" };

export class TablesView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.tables = /** @type {Table[] | null} */ (null);
    this.list = h("ul", { class: "rows" });
    this.none = h("p", { class: "muted" });
    show(place, h("div", { class: "section-head" }, h("h2", {}, office().views.tables), h("button", { type: "button", class: "main", onclick: () => this.#askToAdd() }, office().addTables)), this.none, this.list);
    this.devices = shift.has("devices") ? new Devices(shift, dialog, () => this.tables ?? []) : null;
    if (this.devices) place.append(this.devices.element);
  }

  load = async () => {
    this.tables = (await this.shift.call("list_tables", {})).tables;
    whenReleased(this.draw);
    await this.devices?.load();
  };

  draw = () => {
    if (!this.tables) return;
    show(this.none, this.tables.length === 0 && staff.noTables);
    showList(this.list, this.tables, (table) => String(table.table_id), (table) => this.#row(table));
  };

  /** @param {Table} table */
  #row(table) {
    const words = office();
    const name = staff.tableLong(table.table_number);
    return h(
      "li",
      {},
      h("strong", { class: "row-name" }, name),
      h("span", { class: table.is_active ? "label accent" : "label" }, table.is_active ? words.occupied : words.free),
      this.devices && h("button", { type: "button", class: "plain", "aria-label": words.enrolTitle(name), "data-role": "enrol", onclick: () => this.#enrol(table) }, words.enrol),
      h("button", { type: "button", class: "plain", "aria-label": words.changeOf(name), "data-role": "change", onclick: () => this.#askToChange(table) }, words.change),
    );
  }

  /** @param {Table} table */
  #enrol(table) {
    showEnrolment(this.shift, this.dialog, table, this.load).catch(this.shift.fail);
  }

  #askToAdd() {
    const words = office();
    const next = Math.max(0, ...(this.tables ?? []).map((table) => table.table_number)) + 1;
    const form = h(
      "form",
      {},
      h("h2", { id: "dialog-title" }, words.addTables),
      h(
        "div",
        { class: "pair" },
        numberField(words.firstNumber, "first", next, { required: true, min: 1, max: HIGHEST_NUMBER }),
        numberField(words.lastNumber, "last", null, { min: 1, max: HIGHEST_NUMBER }, words.lastHint),
      ),
      textField(words.password, "table_password", { ...PASSWORD, required: true }, words.passwordHint),
    );
    ask(this.dialog, form, [h("button", { type: "submit", class: "main" }, words.add)], async () => {
      const given = read(form);
      const first = given.whole("first") ?? next;
      try {
        await this.#add(first, given.whole("last") ?? first, given.text("table_password"));
      } finally {
        await this.load();
      }
    });
  }

  /**
   * Add the tables with these numbers; those that there are already stay as they are.
   * @param {number} first
   * @param {number} last
   * @param {string} table_password
   */
  async #add(first, last, table_password) {
    const numbers = Array.from({ length: Math.max(last - first, 0) + 1 }, (_, index) => first + index);
    const taken = numbers.filter((number) => last > first && this.tables?.some((table) => table.table_number === number));
    for (const table_number of numbers)
      if (!taken.includes(table_number)) await this.shift.call("add_table", { body: { table_number, table_password } });
    if (taken.length > 0) this.shift.tell(office().numbersTaken(taken.join(", ")));
  }

  /** @param {Table} table */
  #askToChange({ table_id, table_number }) {
    const words = office();
    const form = h(
      "form",
      {},
      h("h2", { id: "dialog-title" }, words.changeTable),
      numberField(words.number, "table_number", table_number, { required: true, min: 1, max: HIGHEST_NUMBER }),
      textField(words.newPassword, "table_password", PASSWORD, words.keepPassword),
    );
    const remove = () =>
      askToRemove(this.dialog, staff.tableLong(table_number), async () => {
        await this.shift.call("delete_table", { path: { table_id } });
        await this.load();
      });
    const buttons = [h("button", { type: "button", onclick: remove }, words.remove), h("button", { type: "submit", class: "main" }, words.save)];
    ask(this.dialog, form, buttons, async () => {
      const given = read(form);
      const table_password = given.text("table_password");
      const body = { table_number: given.whole("table_number") ?? table_number, ...(table_password && { table_password }) };
      await this.shift.call("update_table", { path: { table_id }, body });
      await this.load();
    });
  }
}
