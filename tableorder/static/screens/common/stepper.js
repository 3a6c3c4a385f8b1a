// − 2 +

import { h } from "./dom.js";

/**
 * @param {object} of
 * @param {string} of.label what is counted
 * @param {string} of.fewer
 * @param {string} of.more
 * @param {number} of.value
 * @param {number} of.least
 * @param {number} of.most
 * @param {(value: number) => void} of.onChange
 */
export function stepper({ label, fewer, more, value, least, most, onChange }) {
  let now = value;
  const output = h("output", {}, now);
  /** @param {number} change */
  const step = (change) => {
    now += change;
    output.value = String(now);
    update();
    onChange(now);
  };
  const less = h("button", { type: "button", "aria-label": `${label}: ${fewer}`, "data-role": "fewer", onclick: () => step(-1) }, "−");
  const plus = h("button", { type: "button", "aria-label": `${label}: ${more}`, "data-role": "more", onclick: () => step(1) }, "+");
  const update = () => {
    less.disabled = now <= least;
    plus.disabled = now >= most;
  };
  update();
  return h("div", { class: "stepper", role: "group", "aria-label": label }, less, output, plus);
}
