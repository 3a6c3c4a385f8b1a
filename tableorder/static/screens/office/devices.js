// The tablets that are set up: which table each is at, and when it was last seen.

import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { dayAndTime } from "../common/time.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { read, textField } from "./fields.js";
import { askOnceMore } from "./remove.js";

/** @typedef {import("../types.js").AnswerOf<"list_devices">["devices"][number]} Device */
/** @typedef {import("./tables.js").Table} Table */

export class Devices {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {() => Table[]} tables
   */
  constructor(shift, dialog, tables) {
    this.shift = shift;
    this.dialog = dialog;
    this.tables = tables;
    this.list = h("ul", { class: "rows" });
    this.none = h("p", { class: "muted" });
    this.element = h("section", { class: "devices" }, h("h3", {}, office().devices), this.none, this.list);
  }

  load = async () => {
    const { devices } = await this.shift.call("list_devices", {});
    whenReleased(() => {
      show(this.none, devices.length === 0 && office().noDevices);
      showList(this.list, devices, (device) => String(device.device_id), (device) => this.#row(device));
    });
  };

  /** @param {Device} device */
  #row(device) {
    const words = office();
    const { device_name, table_number, last_seen_at } = device;
    const seen = last_seen_at ? words.lastSeen(dayAndTime(last_seen_at)) : words.neverSeen;
    return h(
      "li",
      {},
      h("span", { class: "row-name" }, h("strong", {}, device_name), h("span", { class: "small muted" }, seen)),
      h("span", { class: "label" }, staff.tableLong(table_number)),
      h("button", { type: "button", class: "plain", "aria-label": words.changeOf(device_name), "data-role": "change", onclick: () => this.#ask(device) }, words.change),
    );
  }

  /** @param {Device} device */
  #ask({ device_id, device_name, table_id }) {
    const words = office();
    const path = { device_id };
    const options = this.tables().map((table) => h("option", { value: table.table_id, selected: table.table_id === table_id }, staff.tableLong(table.table_number)));
    const form = h(
      "form",
      {},
      h("h2", { id: "dialog-title" }, words.changeDevice),
      textField(words.name, "device_name", { required: true, maxlength: 50, value: device_name }),
      h("label", {}, words.views.tables, h("select", { name: "table_id" }, ...options)),
    );
    const onRevoke = () =>
      askOnceMore(this.dialog, { title: words.revokeDeviceTitle(device_name), about: words.revokeDeviceAbout, button: words.revokeDevice }, async () => {
        await this.shift.call("delete_device", { path });
        await this.load();
      });
    const buttons = [h("button", { type: "button", onclick: onRevoke }, words.revokeDevice), h("button", { type: "submit", class: "main" }, words.save)];
    ask(this.dialog, form, buttons, async () => {
      const given = read(form);
      await this.shift.call("update_device", { path, body: { device_name: given.text("device_name"), table_id: given.whole("table_id") ?? table_id } });
      await this.load();
    });
  }
}
