// A person's account: name, role, password; where it is logged in, and whether it may.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { read, textField } from "./fields.js";
import { askOnceMore } from "./remove.js";

/** @typedef {import("./staff.js").Person} Person */

const PASSWORD = { minlength: 8, maxlength: 72, autocapitalize: "none", autocomplete: "new-password" };

/** What each role may do, from most to least; a manager keeps the accounts of the last two. @type {Person["role"][]} */
const ROLES = ["manager", "staff", "kitchen"];

/**
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {Person | null} person null: a new one
 * @param {() => Promise<void>} onDone
 */
export function askForPerson(shift, dialog, person, onDone) {
  const words = office();
  const roles = shift.login?.role === "owner" ? ROLES : ROLES.slice(1);
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, person ? words.changePerson : words.addPerson),
    textField(words.personName, "display_name", { required: true, maxlength: 50, value: person?.display_name ?? "" }),
    !person && textField(staff.logIn.username, "username", { required: true, maxlength: 50, autocapitalize: "none" }, words.usernameHint(shift.login?.store_id ?? 0)),
    h(
      "fieldset",
      {},
      h("legend", {}, words.role),
      ...roles.map((role) =>
        h(
          "label",
          { class: "choice" },
          h("input", { type: "radio", name: "role", value: role, checked: role === (person?.role ?? "staff") }),
          h("span", {}, staff.roles[role], h("span", { class: "small muted hint" }, words.roleMay[role])),
        ),
      ),
    ),
    person
      ? textField(words.newPassword, "password", PASSWORD, words.keepPassword)
      : textField(words.password, "password", { ...PASSWORD, required: true }, words.personPasswordHint),
    person && accountButtons(shift, dialog, person, onDone),
  );
  ask(dialog, form, [h("button", { type: "submit", class: "main" }, words.save)], async () => {
    const given = read(form);
    const password = given.text("password");
    const account = { display_name: given.text("display_name"), role: /** @type {Person["role"]} */ (given.text("role")) };
    if (person) await shift.call("update_person", { path: { staff_id: person.staff_id }, body: { ...changed(account, person), ...(password && { password }) } });
    else await shift.call("add_person", { body: { ...account, username: given.text("username"), password }, once: true });
    await onDone();
  });
}

/** A role that stays is not sent: it would end the person's logins. @param {Pick<Person, "display_name" | "role">} account @param {Person} person */
function changed({ display_name, role }, person) {
  return role === person.role ? { display_name } : { display_name, role };
}

/**
 * End the account's logins; close the account, or open it again.
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {Person} person
 * @param {() => Promise<void>} onDone
 */
function accountButtons(shift, dialog, { staff_id, display_name, is_active }, onDone) {
  const words = office();
  const path = { staff_id };
  const onRevoke = () =>
    askOnceMore(dialog, { title: words.revokeTitle(display_name), about: words.revokeAbout, button: words.revoke }, async () => {
      await shift.call("revoke_person", { path });
      await onDone();
    });
  const onClose = () =>
    askOnceMore(dialog, { title: words.closeTitle(display_name), about: words.closeAbout, button: words.closeAccount }, async () => {
      await shift.call("delete_person", { path });
      await onDone();
    });
  const onOpen = async () => {
    await shift.call("update_person", { path, body: { is_active: true } });
    dialog.close();
    await onDone();
  };
  const buttons = is_active
    ? [h("button", { type: "button", onclick: onRevoke }, words.revoke), h("button", { type: "button", onclick: onClose }, words.closeAccount)]
    : [h("button", { type: "button", onclick: () => void onOpen().catch(shift.fail) }, words.openAccount)];
  return h("div", { class: "tools" }, ...buttons);
}
