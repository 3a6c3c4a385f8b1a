// The people of the store and their accounts.

import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { dayAndTime } from "../common/time.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { askForPerson } from "./person-form.js";

/** @typedef {import("../types.js").AnswerOf<"list_staff">["staff"][number]} Person */

export class StaffView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.people = /** @type {Person[] | null} */ (null);
    this.list = h("ul", { class: "rows" });
    this.none = h("p", { class: "muted" });
    show(place, h("div", { class: "section-head" }, h("h2", {}, office().views.staff), h("button", { type: "button", class: "main", onclick: () => this.#ask(null) }, office().addPerson)), this.none, this.list);
  }

  load = async () => {
    this.people = (await this.shift.call("list_staff", {})).staff;
    whenReleased(this.draw);
  };

  draw = () => {
    if (!this.people) return;
    show(this.none, this.people.length === 0 && office().noStaff);
    showList(this.list, this.people, (person) => String(person.staff_id), (person) => this.#row(person));
  };

  /** @param {Person} person */
  #row(person) {
    const words = office();
    const { display_name, username, role, is_active, last_login_at } = person;
    return h(
      "li",
      {},
      h(
        "span",
        { class: "row-name" },
        h("strong", {}, display_name),
        h("span", { class: "small muted" }, `${username} · ${last_login_at ? words.lastLogin(dayAndTime(last_login_at)) : words.neverLoggedIn}`),
      ),
      h("span", { class: is_active ? "label accent" : "label" }, is_active ? staff.roles[role] : words.left),
      h("button", { type: "button", class: "plain", "aria-label": words.changeOf(display_name), "data-role": "change", onclick: () => this.#ask(person) }, words.change),
    );
  }

  /** @param {Person | null} person */
  #ask(person) {
    askForPerson(this.shift, this.dialog, person, this.load);
  }
}
