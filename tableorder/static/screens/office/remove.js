// What is deleted is asked for once more.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";

/**
 * @param {HTMLDialogElement} dialog
 * @param {string} name
 * @param {() => Promise<unknown>} onRemove
 */
export function askToRemove(dialog, name, onRemove) {
  const words = office();
  const form = h("form", {}, h("h2", { id: "dialog-title" }, words.really(name)), h("p", { class: "muted" }, words.removeAbout));
  ask(dialog, form, [h("button", { type: "submit", class: "grave" }, words.remove)], async () => void (await onRemove()));
}
