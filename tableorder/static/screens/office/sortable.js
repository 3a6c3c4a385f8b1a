// Lists that can be put in another order: an item is dragged by its handle or moved with the arrow keys on it; a tap on the
// handle shows two buttons for those who can do neither.
//
// The others move around the item that is moved: it stays in the document, so it keeps the focus and the finger.

import { h } from "../common/dom.js";
import { office } from "../words/office/index.js";

const A_DRAG = 6; // px; less is a tap
const QUIET = 500; // ms after the last key before the order is saved

/** The items that somebody is moving, or whose new place is on its way. */
const moving = /** @type {Set<HTMLElement>} */ (new Set());

/** Whether somebody is moving an item; until that is saved, a list must not be put in the order that it had. */
export const isMoving = () => [...moving].some((item) => item.isConnected);

/**
 * A handle for an item of a list whose items have `data-key`.
 * @param {string} name the item's
 * @param {(keys: string[]) => Promise<void> | void} onSort is given the keys in their new order
 * @param {() => void} [onSettled] the list may be drawn again, and what it missed meanwhile
 */
export function handle(name, onSort, onSettled = () => {}) {
  const words = office();
  const button = h("button", { type: "button", class: "handle plain", "aria-label": words.move(name), title: words.moveHint, "data-role": "handle" });
  const told = h("span", { class: "unseen", role: "status" });
  const up = h("button", { type: "button", hidden: true, onclick: () => step(-1), "aria-label": `${name}: ${words.up}` }, "↑");
  const down = h("button", { type: "button", hidden: true, onclick: () => step(1), "aria-label": `${name}: ${words.down}` }, "↓");
  const item = () => /** @type {HTMLElement} */ (button.closest("[data-key]"));
  const list = () => /** @type {HTMLElement} */ (item().parentElement);
  let [dragged, timer] = [false, /** @type {number | undefined} */ (undefined)];
  const save = async () => {
    timer = undefined;
    moving.add(item());
    await onSort(keysOf(list()));
    if (timer === undefined) settle();
  };
  const settle = () => {
    moving.delete(item());
    onSettled();
  };

  /** @param {-1 | 1} by */
  const step = (by) => {
    const other = by < 0 ? item().previousElementSibling : item().nextElementSibling;
    if (!other) return;
    moving.add(item());
    if (by < 0) item().after(other);
    else item().before(other);
    told.textContent = words.moved(name, [...list().children].indexOf(item()) + 1);
    item().scrollIntoView({ block: "nearest" });
    clearTimeout(timer);
    timer = setTimeout(save, QUIET);
  };

  button.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!by) return;
    event.preventDefault();
    step(by);
  });

  button.addEventListener("click", () => {
    if (dragged) return;
    up.hidden = down.hidden = !up.hidden;
    button.setAttribute("aria-expanded", String(!up.hidden));
  });

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const before = keysOf(list()).join();
    const ends = new AbortController();
    dragged = false;
    button.setPointerCapture(event.pointerId);
    const follow = (/** @type {PointerEvent} */ now) => {
      if (!dragged && Math.abs(now.clientY - event.clientY) < A_DRAG) return;
      dragged = true;
      moving.add(item());
      item().toggleAttribute("data-dragged", true);
      makeRoom(item(), now.clientY);
    };
    const drop = () => {
      ends.abort();
      item().removeAttribute("data-dragged");
      if (keysOf(list()).join() !== before) save();
      else if (dragged) settle();
    };
    button.addEventListener("pointermove", follow, { signal: ends.signal });
    for (const end of ["pointerup", "pointercancel"]) button.addEventListener(end, drop, { signal: ends.signal });
  });
  return h("span", { class: "handles" }, button, up, down, told);
}

/** @param {HTMLElement} list */
const keysOf = (list) => [...list.children].map((child) => /** @type {HTMLElement} */ (child).dataset["key"] ?? "");

/**
 * Move the others so that the item is where the finger is.
 * @param {HTMLElement} item
 * @param {number} y
 */
function makeRoom(item, y) {
  for (let next = item.nextElementSibling; next && y > middle(next); next = item.nextElementSibling) item.before(next);
  for (let last = item.previousElementSibling; last && y < middle(last); last = item.previousElementSibling) item.after(last);
}

/** @param {Element} element */
function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
