// A form in a dialog, which stays open with what is wrong until what it asks for is done.

import { Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { explain, words } from "../words/staff/index.js";

/**
 * Show the form with "back" and these buttons; close once what one of them asks for is done.
 * @param {HTMLDialogElement} dialog
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement[]} buttons
 * @param {(value: string) => Promise<void>} onSubmit
 */
export function ask(dialog, form, buttons, onSubmit) {
  const problem = h("p", { class: "notice wrong", role: "alert" });
  const back = h("button", { type: "button", onclick: () => dialog.close() }, words.back);
  form.append(problem, h("div", { class: "actions" }, back, ...buttons));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = /** @type {HTMLButtonElement} */ (event.submitter).value;
    for (const button of buttons) button.disabled = true;
    show(problem);
    try {
      await onSubmit(value);
      dialog.close();
    } catch (error) {
      if (!dialog.open) return; // as when the login has ended
      if (!(error instanceof Problem)) throw error;
      show(problem, explain(error));
      for (const button of buttons) button.disabled = false;
    }
  });
  show(dialog, form);
  dialog.showModal();
}
