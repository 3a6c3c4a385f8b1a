// What the store sets for itself.

import { Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { explain } from "../words/staff/index.js";
import { office } from "../words/office/index.js";
import { read, textField } from "./fields.js";

export class SettingsView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} _dialog
   * @param {HTMLElement} place
   */
  constructor(shift, _dialog, place) {
    this.shift = shift;
    this.place = h("div", {});
    show(place, h("h2", {}, office().views.settings), this.place);
  }

  load = async () => this.#draw(await this.shift.call("show_settings", {}));

  /** @param {import("../types.js").AnswerOf<"show_settings">} settings */
  #draw({ time_zone, origin_notice }) {
    const words = office();
    const told = h("p", { class: "notice", role: "status" });
    const problem = h("p", { class: "notice wrong", role: "alert" });
    const form = h(
      "form",
      { class: "card narrow", oninput: () => show(told) },
      h(
        "label",
        {},
        words.originNotice,
        h("textarea", { name: "origin_notice", rows: 4, maxlength: 2000, "aria-describedby": "hint-origin_notice" }, origin_notice ?? ""),
        h("span", { class: "small muted hint", id: "hint-origin_notice" }, words.originNoticeHint),
      ),
      textField(words.timeZone, "time_zone", { required: true, maxlength: 64, list: "time-zones", value: time_zone }, words.timeZoneHint),
      h("datalist", { id: "time-zones" }, ...timeZones().map((zone) => h("option", { value: zone }))),
      problem,
      told,
      h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, words.save)),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = read(form);
      show(problem);
      show(told);
      try {
        await this.shift.call("update_settings", { body: { origin_notice: given.text("origin_notice") || null, time_zone: given.text("time_zone") } });
        show(told, words.saved);
      } catch (error) {
        if (!(error instanceof Problem) || error.status === 401) return this.shift.fail(error);
        show(problem, error.code === "validation_failed" ? words.badSettings : explain(error));
      }
    });
    show(this.place, form);
  }
}

/** The names that the browser knows; an old one knows none. */
const timeZones = () => Intl.supportedValuesOf?.("timeZone") ?? [];
