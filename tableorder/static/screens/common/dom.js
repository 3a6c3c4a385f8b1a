// Elements, made and put in place. Text goes in as text alone: nothing here ever reads HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * An element. An attribute that begins with "on" is a listener; one that is null, undefined or false is left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Put these in place of what an element has.
 * @param {Element} parent
 * @param {...Child} children
 */
export function show(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

/**
 * The element with this id, which the page has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Show a list, and touch only what has changed: the other elements keep their focus and their place.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} render
 * @param {(item: T) => unknown} [lookOf] all that an item's element shows, if it is not all of the item
 */
export function showList(parent, items, keyOf, render, lookOf = (item) => item) {
  const old = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset["key"], child]));
  const children = items.map((item) => {
    const [key, look] = [keyOf(item), JSON.stringify(lookOf(item))];
    const kept = /** @type {HTMLElement | undefined} */ (old.get(key));
    if (kept && looks.get(kept) === look) return kept;
    const made = render(item);
    made.dataset["key"] = key;
    looks.set(made, look);
    return made;
  });
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const role = parent.contains(focused) ? focused?.dataset["role"] : undefined;
  const place = focused?.closest("[data-key]")?.getAttribute("data-key");
  for (const child of [...parent.children]) if (!children.includes(/** @type {HTMLElement} */ (child))) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  if (role && !parent.contains(document.activeElement))
    children
      .find((child) => child.dataset["key"] === place)
      ?.querySelector(`[data-role="${role}"]`)
      ?.dispatchEvent(new CustomEvent("refocus", { bubbles: true }));
}

/** @type {WeakMap<HTMLElement, string>} */
const looks = new WeakMap();

document.addEventListener("refocus", (event) => /** @type {HTMLElement} */ (event.target).focus());

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => (child == null || child === false ? [] : [child instanceof Node ? child : String(child)]));
}
