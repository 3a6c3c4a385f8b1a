// What cannot be taken back is asked for once more: to void an order, whole or in part, and to end a session.

import { Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { won } from "../common/money.js";
import { stepper } from "../common/stepper.js";
import { ask } from "../staff/ask.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../staff/board.js").OpenTable} OpenTable */
/** @typedef {{ order_item_id: number, keep: number }} KeptLine */
/** @typedef {{ username: string, pin: string }} Approver */
/** @typedef {{ reason: string, restock: boolean, lines: KeptLine[] | null, approver: Approver | null }} Voiding without lines: all of it */

const LONGEST_REASON = 200;

/**
 * Ask why an order is voided and, if need be, how much of it, and whether what was cooked can be sold again. Who may not
 * void it is asked for an owner or a manager who approves.
 * @param {HTMLDialogElement} dialog
 * @param {Order} order
 * @param {{ inPart: boolean, restock: boolean }} questions
 * @param {(wanted: Voiding) => Promise<void>} onVoid
 */
export function askToVoid(dialog, order, { inPart, restock }, onVoid) {
  const keep = new Map(order.items.map((item) => [item.order_item_id, item.quantity]));
  const other = h("input", { "aria-label": words.otherReason, placeholder: words.otherReason, maxlength: LONGEST_REASON, autocomplete: "off" });
  const reasons = words.reasons.map((reason, index) =>
    h("label", { class: "choice" }, h("input", { type: "radio", name: "reason", value: reason, checked: index === 0 }), reason),
  );
  const again = h("input", { type: "checkbox" });
  const username = h("input", { name: "approver", required: true, maxlength: 50, autocapitalize: "none", autocomplete: "off" });
  const pin = h("input", { name: "pin", required: true, type: "password", inputmode: "numeric", pattern: "[0-9]{4,8}", maxlength: 8, autocomplete: "off" });
  const approver = h(
    "fieldset",
    { hidden: true, disabled: true },
    h("legend", {}, words.approval),
    h("label", {}, words.approver, username),
    h("label", {}, words.pin, pin),
  );
  const form = h("form", {});
  const reason = () => other.value.trim() || String(new FormData(form).get("reason") ?? "");
  other.addEventListener("input", () => {
    for (const radio of form.querySelectorAll("input")) if (radio.type === "radio") radio.checked = false;
  });
  const part = () => order.items.map(({ order_item_id }) => ({ order_item_id, keep: keep.get(order_item_id) ?? 0 }));
  const voidPart = h("button", { type: "submit", class: "grave", value: "part", hidden: true }, words.voidPart);
  const changed = () => {
    const [kept, all] = [[...keep.values()].reduce((sum, count) => sum + count, 0), order.items.reduce((sum, item) => sum + item.quantity, 0)];
    voidPart.hidden = kept === all || kept === 0;
  };
  show(
    form,
    h("h2", { id: "dialog-title" }, words.voidTitle, h("span", { class: "muted" }, ` ${words.tableLong(order.table_number)}`)),
    inPart && h("p", { class: "muted" }, words.keepHint),
    h("ul", { class: "void-lines" }, ...order.items.map((item) =>
      h(
        "li",
        {},
        h("span", {}, inPart ? item.menu_name : `${item.menu_name} × ${item.quantity}`),
        inPart
          ? stepper({
              label: item.menu_name, fewer: words.fewer, more: words.oneMore, value: item.quantity, least: 0, most: item.quantity,
              onChange: (count) => {
                keep.set(item.order_item_id, count);
                changed();
              },
            })
          : h("span", { class: "money" }, won(item.subtotal)),
      ),
    )),
    h("fieldset", {}, h("legend", {}, words.reason), ...reasons, other),
    restock && h("label", { class: "choice" }, again, words.restock),
    approver,
  );
  ask(dialog, form, [voidPart, h("button", { type: "submit", class: "grave", value: "all" }, words.voidAll)], async (value) => {
    const who = approver.hidden ? null : { username: username.value.trim(), pin: pin.value };
    try {
      await onVoid({ reason: reason(), restock: again.checked, lines: value === "part" ? part() : null, approver: who });
    } catch (error) {
      if (error instanceof Problem && error.code === "approval_required") approver.hidden = approver.disabled = false;
      throw error;
    }
  });
}

/**
 * Ask once more before a session ends; the session is the one that is shown.
 * @param {HTMLDialogElement} dialog
 * @param {OpenTable} table
 * @param {() => Promise<void>} onEnd
 */
export function askToEnd(dialog, table, onEnd) {
  const total = table.orders.reduce((sum, order) => sum + order.total_amount, 0);
  const unfinished = table.orders.filter((order) => order.status !== "완료").length;
  const form = h(
    "form",
    {},
    h("h2", { id: "dialog-title" }, words.endTitle(table.table_number)),
    h(
      "dl",
      { class: "facts" },
      h("div", {}, h("dt", {}, words.orderCount), h("dd", {}, words.times(table.orders.length))),
      h("div", {}, h("dt", {}, words.total), h("dd", { class: "money" }, won(total))),
    ),
    unfinished > 0 && h("p", { class: "notice wrong" }, words.unfinished(unfinished)),
    h("p", { class: "muted" }, words.endAbout),
  );
  ask(dialog, form, [h("button", { type: "submit", class: "main" }, words.end)], onEnd);
}
