// The hours in which some dishes are served, such as lunch.

import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { read, textField } from "./fields.js";
import { askToRemove } from "./remove.js";

/** @typedef {import("../types.js").AnswerOf<"list_dayparts">["dayparts"][number]} Daypart */
/** @typedef {Daypart["hours"]} Hours */
/** @typedef {import("../staff/shift.js").Shift} Shift */

/** The same hours on several days: what people think of as one line. @typedef {{ weekdays: number[], starts: string, ends: string }} Line */

export class DaypartsView {
  /**
   * @param {Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.list = h("ul", { class: "rows" });
    this.none = h("p", { class: "muted" });
    const head = h("div", { class: "section-head narrow" }, h("h2", {}, office().views.dayparts), h("button", { type: "button", class: "main", onclick: () => this.#ask(null) }, office().addDaypart));
    show(place, head, h("p", { class: "muted" }, office().daypartsAbout), this.none, this.list);
  }

  load = async () => {
    const { dayparts } = await this.shift.call("list_dayparts", {});
    whenReleased(() => {
      show(this.none, dayparts.length === 0 && office().noDayparts);
      showList(this.list, dayparts, (daypart) => String(daypart.daypart_id), (daypart) => this.#row(daypart));
    });
  };

  /** @param {Daypart} daypart */
  #row(daypart) {
    const words = office();
    return h(
      "li",
      {},
      h("span", { class: "row-name" }, h("strong", {}, daypart.daypart_name), ...linesOf(daypart.hours).map((line) => h("span", { class: "small muted" }, lineText(line)))),
      h("button", { type: "button", class: "plain", "aria-label": words.changeOf(daypart.daypart_name), "data-role": "change", onclick: () => this.#ask(daypart) }, words.change),
    );
  }

  /** @param {Daypart | null} daypart null: a new one */
  #ask(daypart) {
    const words = office();
    const lines = daypart ? linesOf(daypart.hours) : [{ weekdays: [0, 1, 2, 3, 4], starts: "11:00", ends: "14:00" }];
    const places = h("div", { class: "hours" }, ...lines.map(lineFields));
    const form = h(
      "form",
      {},
      h("h2", { id: "dialog-title" }, daypart ? words.changeDaypart : words.addDaypart),
      textField(words.name, "daypart_name", { required: true, maxlength: 50, value: daypart?.daypart_name ?? "" }),
      places,
      h("button", { type: "button", class: "add", onclick: () => places.append(lineFields({ weekdays: [], starts: "", ends: "" })) }, words.addHours),
    );
    const remove = (/** @type {Daypart} */ { daypart_id, daypart_name }) =>
      askToRemove(this.dialog, daypart_name, async () => {
        await this.shift.call("delete_daypart", { path: { daypart_id } });
        await this.load();
      });
    const buttons = [h("button", { type: "submit", class: "main" }, words.save)];
    if (daypart) buttons.unshift(h("button", { type: "button", onclick: () => remove(daypart) }, words.remove));
    ask(this.dialog, form, buttons, async () => {
      const body = { daypart_name: read(form).text("daypart_name"), hours: [...places.children].flatMap(hoursOf) };
      if (daypart) await this.shift.call("update_daypart", { path: { daypart_id: daypart.daypart_id }, body });
      else await this.shift.call("add_daypart", { body, once: true });
      await this.load();
    });
  }
}

/** @param {Hours} hours @returns {Line[]} */
function linesOf(hours) {
  const lines = /** @type {Map<string, Line>} */ (new Map());
  for (const { weekday, starts, ends } of hours) {
    const line = lines.get(starts + ends) ?? { weekdays: [], starts, ends };
    line.weekdays.push(weekday);
    lines.set(starts + ends, line);
  }
  return [...lines.values()];
}

/** @param {Line} line */
function lineText({ weekdays, starts, ends }) {
  const words = office();
  const days = weekdays.length === 7 ? words.everyDay : weekdays.map((day) => words.weekdays[day]).join("·");
  return `${days} ${starts}–${ends}`;
}

/** @param {Line} line */
function lineFields({ weekdays, starts, ends }) {
  const words = office();
  const days = words.weekdays.map((name, day) => h("label", { class: "choice" }, h("input", { type: "checkbox", value: day, checked: weekdays.includes(day) }), name));
  return h(
    "fieldset",
    {},
    h("legend", { class: "unseen" }, words.hours),
    h("div", { class: "weekdays" }, ...days),
    h("div", { class: "pair" }, timeField(words.starts, "starts", starts), timeField(words.ends, "ends", ends)),
  );
}

/** @param {string} label @param {string} name @param {string} value */
const timeField = (label, name, value) => h("label", {}, label, h("input", { type: "time", "data-name": name, value }));

/** A line without a day or a time is left out. @param {Element} line @returns {Hours} */
function hoursOf(line) {
  const time = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (line.querySelector(`[data-name=${name}]`)).value;
  const [starts, ends] = [time("starts"), time("ends")];
  const days = /** @type {NodeListOf<HTMLInputElement>} */ (line.querySelectorAll("input:checked"));
  return starts && ends ? [...days].map((day) => ({ weekday: Number(day.value), starts, ends })) : [];
}

/**
 * When a dish or a category is served; nothing if the store has no dayparts.
 * @param {Shift} shift
 * @param {number[]} attached
 */
export async function daypartsField(shift, attached) {
  const dayparts = shift.has("dayparts") ? (await shift.call("list_dayparts", {})).dayparts : [];
  if (dayparts.length === 0) return null;
  const choices = dayparts.map(({ daypart_id, daypart_name }) =>
    h("label", { class: "choice" }, h("input", { type: "checkbox", name: "daypart", value: daypart_id, checked: attached.includes(daypart_id) }), daypart_name),
  );
  return h("fieldset", {}, h("legend", {}, office().views.dayparts), h("p", { class: "small muted" }, office().daypartsHint), h("div", { class: "choices" }, ...choices));
}
