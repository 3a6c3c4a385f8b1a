// What cannot be taken back is asked for once more.

import { h } from "../common/dom.js";
import { ask } from "../staff/ask.js";
import { office } from "../words/office/index.js";

/**
 * @param {HTMLDialogElement} dialog
 * @param {{ title: string, about: string, button: string }} texts
 * @param {() => Promise<unknown>} onSure
 */
export function askOnceMore(dialog, { title, about, button }, onSure) {
  const form = h("form", {}, h("h2", { id: "dialog-title" }, title), h("p", { class: "muted" }, about));
  ask(dialog, form, [h("button", { type: "submit", class: "grave" }, button)], async () => void (await onSure()));
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {string} name
 * @param {() => Promise<unknown>} onRemove
 */
export function askToRemove(dialog, name, onRemove) {
  const words = office();
  askOnceMore(dialog, { title: words.really(name), about: words.removeAbout, button: words.remove }, onRemove);
}
