// The owner's screen: the menu with its options, the tables, the people, the settings, the history.

import { showConnection } from "../common/banner.js";
import { byId, h, show } from "../common/dom.js";
import { Shift } from "../staff/shift.js";
import { office } from "../words/office/index.js";
import { words } from "../words/staff/index.js";
import { AuditView } from "./audit.js";
import { CallItemsView } from "./call-items.js";
import { DaypartsView } from "./dayparts.js";
import { HistoryView } from "./history.js";
import { ImportView } from "./import.js";
import { LanguagesView } from "./languages.js";
import { MenuView } from "./menu.js";
import { OptionsView } from "./options.js";
import { SettingsView } from "./settings.js";
import { StaffView } from "./staff.js";
import { TablesView } from "./tables.js";

/** @typedef {import("../types.js").StoreEvents} StoreEvents */

const EVENTS = /** @type {(keyof StoreEvents)[]} */ (["initial", "session_started", "session_ended", "menu_changed", "table_changed", "stock_changed"]);

/**
 * Each part of the office, and the events after which it is fetched anew.
 * @satisfies {Record<string, { View: new (...given: [Shift, HTMLDialogElement, HTMLElement]) => { load: () => Promise<void> }, events: string[] }>}
 */
const VIEWS = {
  menu: { View: MenuView, events: ["initial", "menu_changed", "stock_changed"] },
  options: { View: OptionsView, events: ["initial", "menu_changed", "stock_changed"] },
  languages: { View: LanguagesView, events: ["initial", "menu_changed"] },
  dayparts: { View: DaypartsView, events: [] },
  import: { View: ImportView, events: [] },
  tables: { View: TablesView, events: ["initial", "table_changed", "session_started", "session_ended"] },
  calls: { View: CallItemsView, events: [] },
  staff: { View: StaffView, events: [] },
  settings: { View: SettingsView, events: [] },
  history: { View: HistoryView, events: ["session_ended"] },
  audit: { View: AuditView, events: [] },
};

/** @typedef {keyof typeof VIEWS} ViewName */

const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));
const shift = new Shift("office", byId("screen"), { begin, end, tell });

let present = /** @type {ViewName} */ ("menu");
let view = /** @type {{ load: () => Promise<void> } | null} */ (null);

function begin() {
  showFrame();
  shift.follow(EVENTS, onEvent);
}

function end() {
  dialog.close();
  view = null;
}

/** @param {import("../types.js").EventOf<StoreEvents>} event */
function onEvent(event) {
  if (/** @type {string[]} */ (VIEWS[present].events).includes(event.type)) view?.load().catch(shift.fail);
}

/** @param {string} text */
function tell(text) {
  const told = document.getElementById("told");
  if (told) show(told, text);
}

/** @param {ViewName} name */
function go(name) {
  present = name;
  tell("");
  for (const button of byId("views").querySelectorAll("button")) button.setAttribute("aria-current", String(button.id === `go-${name}`));
  byId("view").className = name;
  view = new VIEWS[name].View(shift, dialog, byId("view"));
  view.load().catch(shift.fail);
  scrollTo({ top: 0, behavior: "instant" });
}

/** Whether whoever works here can do something there. @param {ViewName} name */
function isOffered(name) {
  if (name === "options" || name === "dayparts") return shift.has(name);
  if (name === "import") return shift.has("menu_document");
  return name !== "settings" || shift.login?.role === "owner";
}

/** The parts of the screen, in the owner's language. */
function showFrame() {
  document.title = words.titles.office;
  const names = /** @type {ViewName[]} */ (Object.keys(VIEWS)).filter(isOffered);
  show(
    shift.screen,
    h(
      "header",
      { class: "top" },
      h("h1", {}, shift.login?.store_name, " ", h("span", { class: "small muted" }, office().store(shift.login?.store_id ?? 0))),
      h("div", { class: "tools" }, ...shift.tools(showFrame)),
      h("nav", { id: "views", "aria-label": words.titles.office }, ...names.map((name) => h("button", { type: "button", class: "plain", id: `go-${name}`, onclick: () => go(name) }, office().views[name]))),
    ),
    h("main", {}, h("p", { id: "told", class: "notice wrong", role: "alert" }), h("div", { id: "view" })),
  );
  go(present);
}

showConnection(byId("connection"), () => words.disconnected);
shift.start();
