// The sign that the connection is gone. A break of a moment is not worth a word.

import { h, show } from "./dom.js";
import { onConnection } from "./connection.js";

const MOMENT = 1_500; // ms

/**
 * @param {HTMLElement} place
 * @param {() => string} text
 */
export function showConnection(place, text) {
  /** @type {number | undefined} */
  let timer;
  onConnection((reachable) => {
    clearTimeout(timer);
    document.documentElement.toggleAttribute("data-unreachable", !reachable);
    if (reachable) show(place);
    else timer = setTimeout(() => show(place, h("p", {}, text())), MOMENT);
  });
}
