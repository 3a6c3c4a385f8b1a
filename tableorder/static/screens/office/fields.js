// The fields of the office's forms.

import { h } from "../common/dom.js";

/** @typedef {import("../common/dom.js").Attributes} Attributes */

/**
 * @param {string} label
 * @param {string} name
 * @param {Attributes} attributes
 * @param {string} [hint]
 */
export function textField(label, name, attributes, hint) {
  const id = `hint-${name}`;
  return h(
    "label",
    {},
    label,
    h("input", { name, autocomplete: "off", "aria-describedby": hint && id, ...attributes }),
    hint && h("span", { class: "small muted hint", id }, hint),
  );
}

/**
 * A whole number.
 * @param {string} label
 * @param {string} name
 * @param {number | null | undefined} value
 * @param {Attributes} attributes
 * @param {string} [hint]
 */
export const numberField = (label, name, value, attributes, hint) =>
  textField(label, name, { type: "number", step: 1, inputmode: "numeric", value, ...attributes }, hint);

/**
 * @param {string} label
 * @param {string} name
 * @param {boolean} checked
 */
export const tick = (label, name, checked) => h("label", { class: "choice" }, h("input", { type: "checkbox", name, checked }), label);

/**
 * What a form holds. An empty number is null.
 * @param {HTMLFormElement} form
 */
export function read(form) {
  const data = new FormData(form);
  return {
    /** @param {string} name */
    text: (name) => String(data.get(name) ?? "").trim(),
    /** @param {string} name */
    whole: (name) => (data.get(name) ? Number(data.get(name)) : null),
    /** @param {string} name */
    ticked: (name) => data.has(name),
    /** @param {string} name */
    all: (name) => data.getAll(name).map(String),
  };
}
