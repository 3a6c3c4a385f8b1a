// The menu as a file: taken out, and put back once it is seen what that changes.

import { Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { office } from "../words/office/index.js";
import { explain } from "../words/staff/index.js";
import { tick } from "./fields.js";

/** @typedef {import("../types.js").AnswerOf<"import_menu">} Changes */
/** @typedef {import("../types.js").Parameters<"import_menu">["body"]} MenuDocument */

export class ImportView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} _dialog
   * @param {HTMLElement} place
   */
  constructor(shift, _dialog, place) {
    const words = office();
    this.shift = shift;
    this.chosen = /** @type {MenuDocument | null} */ (null);
    this.file = h("input", { type: "file", accept: "application/json,.json", class: "unseen", name: "document", onchange: () => void this.#choose() });
    this.replaces = tick(words.replaces, "replaces", false);
    this.replaces.addEventListener("change", () => void this.#look());
    this.told = h("div", { class: "changes", role: "status" });
    show(
      place,
      h("h2", {}, words.views.import),
      h("p", { class: "muted" }, words.importAbout),
      h("div", { class: "picture-buttons" }, h("button", { type: "button", onclick: () => void this.#export().catch(shift.fail) }, words.exportMenu), h("label", { class: "button" }, words.chooseFile, this.file)),
      this.replaces,
      this.told,
    );
  }

  load = async () => {};

  async #export() {
    const menu = await this.shift.call("export_menu", { query: { pictures: "embed" } });
    const href = URL.createObjectURL(new Blob([JSON.stringify(menu, null, 2)], { type: "application/json" }));
    h("a", { href, download: "menu.json" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  async #choose() {
    const [file] = this.file.files ?? [];
    if (!file) return;
    try {
      const { dayparts, version, ...document } = JSON.parse(await file.text());
      this.chosen = document;
    } catch {
      this.chosen = null;
      return show(this.told, h("p", { class: "notice wrong" }, office().badFile));
    }
    await this.#look();
  }

  /** @param {boolean} dry_run @param {string} version */
  #put(dry_run, version) {
    const mode = /** @type {HTMLInputElement} */ (this.replaces.querySelector("input")).checked ? "replace" : "merge";
    return this.shift.call("import_menu", { query: { dry_run, mode }, body: /** @type {MenuDocument} */ (this.chosen), version });
  }

  /** Show what the chosen file would change. */
  async #look() {
    if (!this.chosen) return;
    await this.#tell(async () => {
      const changes = await this.#put(true, "*");
      show(this.told, ...changed(changes), hasChanges(changes) && h("button", { type: "button", class: "main", onclick: () => void this.#write(changes.version) }, office().apply));
    });
  }

  /** @param {string} version the one that was compared with */
  async #write(version) {
    await this.#tell(async () => {
      await this.#put(false, version);
      this.chosen = null;
      this.file.value = "";
      show(this.told, h("p", { class: "notice" }, office().imported));
    });
  }

  /** @param {() => Promise<void>} does */
  async #tell(does) {
    try {
      await does();
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 401) return this.shift.fail(error);
      const errors = /** @type {Record<string, string[]> | undefined} */ (error.document["errors"]) ?? {};
      show(
        this.told,
        h("p", { class: "notice wrong" }, error.code === "precondition_failed" ? office().menuChanged : explain(error)),
        h("ul", { class: "small" }, ...Object.entries(errors).map(([pointer, messages]) => h("li", {}, `${pointer}: ${messages.join(" ")}`))),
      );
    }
  }
}

/** @param {Changes} changes */
const hasChanges = ({ created, updated, retired }) => created.length + updated.length + retired.length > 0;

/** @param {Changes} changes */
function changed({ created, updated, retired, unchanged, warnings }) {
  const words = office();
  const name = (/** @type {{ kind: keyof typeof words.kinds, ref: string }} */ { kind, ref }) => `${words.kinds[kind]} ${ref}`;
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : JSON.stringify(value));
  return [
    list(words.warnings, warnings.map((one) => `${name(one)}: ${words.warningOf[one.code]}`)),
    list(words.created, created.map(name)),
    list(words.updated, updated.map((one) => `${name(one)}: ${one.field} ${text(one.from)} → ${text(one.to)}`)),
    list(words.retired, retired.map(name)),
    h("p", { class: "muted" }, words.unchanged(unchanged)),
  ];
}

/** @param {string} title @param {string[]} lines */
const list = (title, lines) => lines.length > 0 && h("section", { class: "card" }, h("h3", {}, `${title} ${lines.length}`), h("ul", {}, ...lines.map((line) => h("li", {}, line))));
