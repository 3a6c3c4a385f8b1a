// Who did what: newest first, page by page.

import { h, show } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { dayAndTime } from "../common/time.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";

/** @typedef {import("../types.js").AnswerOf<"list_audit">["audit"][number]} Entry */

export class AuditView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} _dialog
   * @param {HTMLElement} place
   */
  constructor(shift, _dialog, place) {
    this.shift = shift;
    this.list = h("ul", { class: "rows audit" });
    this.none = h("p", { class: "muted" });
    this.more = h("button", { type: "button", class: "add", hidden: true }, staff.more);
    show(place, h("h2", {}, office().views.audit), this.none, this.list, this.more);
  }

  /** @param {string} [cursor] */
  load = async (cursor) => {
    const { audit, next_cursor } = await this.shift.call("list_audit", { query: cursor ? { cursor } : {} });
    whenReleased(() => {
      if (!cursor) show(this.list);
      this.list.append(...audit.map(row));
      show(this.none, !this.list.hasChildNodes() && staff.noHistory);
      this.more.hidden = next_cursor === null;
      this.more.onclick = () => void this.load(next_cursor ?? undefined).catch(this.shift.fail);
    });
  };
}

/** @param {Entry} entry */
function row({ at, actor, role, address, action, before, after }) {
  const words = office();
  const who = [actor, role && named({ ...staff.roles, operator: words.operator }, role), address].filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    h(
      "span",
      { class: "row-name" },
      h("strong", {}, named(words.actions, action)),
      ...changes(before ?? {}, after ?? {}).map((change) => h("span", {}, change)),
      h("span", { class: "small muted" }, `${dayAndTime(at)} · ${who}`),
    ),
  );
}

/** What has changed, and the names that say of what. @param {Record<string, unknown>} before @param {Record<string, unknown>} after */
function changes(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    if (name === "token_epoch") return [office().revoke];
    const [was, is] = [text(before[name]), text(after[name])];
    if (was === is) return NAMES.includes(name) ? [is] : [];
    return [`${named(office().auditFields, name)}: ${[was, is].filter(Boolean).join(" → ")}`];
  });
}

const NAMES = ["display_name", "menu_name", "device_name", "table_number"];

/** @param {unknown} value */
const text = (value) => (value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The word for a code; a code that is too new for us stands for itself. @param {Record<string, string>} words @param {string} code */
const named = (words, code) => words[code] ?? code;
