// The staff's screen: all tables and orders as they are now, what is on sale, and the books.

import { Api, Problem } from "../common/api.js";
import { showConnection } from "../common/banner.js";
import { byId, h, show } from "../common/dom.js";
import { follow } from "../common/feed.js";
import { keep, recall } from "../common/kept.js";
import { whenReleased } from "../common/pressing.js";
import { LANGUAGES, explain, speak, words } from "../words/staff/index.js";
import { Board } from "./board.js";
import { showBoard } from "./board-view.js";
import { pastSession, showBook, voidedOrder } from "./books-view.js";
import { askToEnd, askToVoid } from "./dialogs.js";
import { showLogIn } from "./login.js";
import { showMenus } from "./menus-view.js";
import { awaitTap, isSoundOn, ring, toggleSound } from "./sound.js";

/** @typedef {import("../types.js").AdminToken} AdminToken */
/** @typedef {import("../types.js").StoreEvents} StoreEvents */
/** @typedef {import("../types.js").Order} Order */
/** @typedef {keyof typeof words.views} View */

const FEED = "/api/v1/admin/orders/sse";
const EVENTS = /** @type {(keyof StoreEvents)[]} */ (
  ["initial", "order_created", "order_updated", "order_deleted", "session_started", "session_ended", "menu_changed", "table_changed", "stock_changed"]
);
const VIEWS = /** @type {View[]} */ (["board", "menus", "history", "voids"]);
const AGES_EVERY = 15_000; // ms

const screen = byId("screen");
const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));

let login = /** @type {AdminToken | null} */ (recall("counter.login"));
let language = speak(recall("counter.language"));
let api = new Api(login?.access_token);
let board = new Board();
/** @type {View} */
let view = "board";
let tables = /** @type {{ table_id: number, table_number: number }[]} */ ([]);
let menus = /** @type {import("./menus-view.js").Menus | null} */ (null);
let told = "";
/** The orders of which a change is on its way. */
const busy = /** @type {Set<number>} */ (new Set());
/** What ends with the login: the feed and the calls under way. */
let present = new AbortController();

/** @param {string} feature */
const has = (feature) => login?.features?.includes(feature) ?? false;

// -- From one state to the next ---------------------------------------------------------------------------------------

/** @param {AdminToken} as */
function enter(as) {
  login = as;
  keep("counter.login", as);
  api = new Api(as.access_token);
  board = new Board();
  present = new AbortController();
  showFrame();
  follow(api, FEED, EVENTS, onEvent, present.signal).catch(fail);
  loadTables().catch(fail);
}

/** @param {string} [notice] */
function leave(notice = "") {
  present.abort();
  dialog.close();
  login = menus = null;
  tables = [];
  board = new Board();
  busy.clear();
  keep("counter.login", null);
  document.title = words.title;
  askToLogIn(notice);
}

/** @param {string} notice */
function askToLogIn(notice) {
  showLogIn(screen, languages(() => askToLogIn(notice && words.logIn.again)), notice, enter);
}

/** @param {unknown} error */
function fail(error) {
  if (present.signal.aborted && error === present.signal.reason) return;
  if (!(error instanceof Problem)) throw error;
  if (error.status === 401) return leave(words.logIn.again);
  tell(explain(error));
}

/** @param {import("../types.js").EventOf<StoreEvents>} event */
function onEvent(event) {
  if (board.follow(event)) ring();
  if (event.type === "table_changed" || event.type === "initial") loadTables().catch(fail);
  if ((event.type === "menu_changed" || event.type === "stock_changed") && view === "menus") loadMenus().catch(fail);
  update();
}

async function loadTables() {
  tables = (await api.call("list_tables", { signal: present.signal })).tables;
  update();
}

async function loadMenus() {
  menus = await api.call("list_menus", { signal: present.signal });
  update();
}

// -- What the staff do ------------------------------------------------------------------------------------------------

const actions = {
  /** The same status again is no fault, so this may be sent again. @type {import("./board-view.js").Actions["move"]} */
  async move(order, status) {
    const order_id = order.order_id;
    busy.add(order_id);
    board.see(order_id);
    update();
    try {
      await api.call("update_order_status", { path: { order_id }, body: { status }, signal: present.signal });
      board.update({ order_id, status });
      tell("");
    } catch (error) {
      fail(error);
    }
    busy.delete(order_id);
    update();
  },

  /** @param {Order} order */
  askToVoid(order) {
    board.see(order.order_id);
    askToVoid(dialog, order, { inPart: has("void_lines"), restock: has("stock") && order.status !== "대기중" }, (wanted) =>
      wanted.lines ? voidLines(order, wanted.lines, wanted) : voidOrder(order, wanted),
    );
  },

  /** @param {import("./board.js").OpenTable} table */
  askToEnd({ table_id, session_id }) {
    const table = board.tables.find((other) => other.session_id === session_id);
    if (table) askToEnd(dialog, table, () => endSession(table_id, session_id));
  },

  /** @param {Order} order */
  see(order) {
    if (board.see(order.order_id)) update();
  },
};

/**
 * An order that is gone when a repeat arrives was voided by the first.
 * @param {Order} order
 * @param {import("./dialogs.js").Voiding} wanted
 */
async function voidOrder({ order_id }, { reason, restock }) {
  try {
    await api.call("void_order", { path: { order_id }, query: { reason, ...(restock && { restock }) }, signal: present.signal });
  } catch (error) {
    if (!(error instanceof Problem && error.code === "order_not_found")) throw error;
  }
  board.remove(order_id);
  update();
}

/**
 * It says how many are to stay, so that a repeat changes nothing.
 * @param {Order} order
 * @param {import("./dialogs.js").KeptLine[]} lines
 * @param {import("./dialogs.js").Voiding} wanted
 */
async function voidLines({ order_id }, lines, { reason, restock }) {
  const body = { lines, reason, restock };
  board.update(await api.call("void_order_lines", { path: { order_id }, body, signal: present.signal }));
  update();
}

/**
 * It names the session that is shown, so that a repeat never ends the next guests'.
 * @param {number} table_id
 * @param {string} session_id
 */
async function endSession(table_id, session_id) {
  const key = `end-${session_id}`;
  await api.call("end_session", { path: { table_id }, body: { session_id }, key, signal: present.signal });
  board.close(session_id);
  update();
}

/** @param {import("./menus-view.js").Menu} menu @param {boolean} is_available */
async function switchMenu({ menu_id }, is_available) {
  try {
    await api.call("update_menu", { path: { menu_id }, body: { is_available }, signal: present.signal });
    await loadMenus();
  } catch (error) {
    fail(error);
  }
}

/** @param {import("./menus-view.js").Menu} menu @param {number | null} remaining */
async function countMenu({ menu_id }, remaining) {
  try {
    const body = { menu_id, option_id: null, remaining, low_at: null };
    await api.call("set_stock", { body, signal: present.signal });
    await loadMenus();
  } catch (error) {
    fail(error);
  }
}

function switchSound() {
  toggleSound();
  update();
}

/** @param {View} wanted */
function go(wanted) {
  view = wanted;
  tell("");
  update();
  scrollTo({ top: 0, behavior: "instant" });
  if (view === "menus") loadMenus().catch(fail);
  if (view === "history") showHistory().catch(fail);
  if (view === "voids") showVoids().catch(fail);
}

function showHistory() {
  return showBook(byId("history"), {
    title: words.views.history,
    none: words.noHistory,
    render: pastSession,
    fetchPage: async (query) => {
      const { history, next_cursor } = await api.call("list_store_history", { query, signal: present.signal });
      return { entries: history, next_cursor };
    },
  });
}

function showVoids() {
  return showBook(byId("voids"), {
    title: words.views.voids,
    none: words.noVoids,
    render: voidedOrder,
    fetchPage: async (query) => {
      const { voids, next_cursor } = await api.call("list_voids", { query, signal: present.signal });
      return { entries: voids, next_cursor };
    },
  });
}

// -- What they see ----------------------------------------------------------------------------------------------------

/** @param {() => void} redraw */
function languages(redraw) {
  const options = Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag, selected: tag === language }, name));
  const choose = () => {
    language = speak(select.value);
    keep("counter.language", language);
    redraw();
  };
  const select = h("select", { "aria-label": words.language, onchange: choose }, ...options);
  return select;
}

/** The parts of the screen, in the staff's language. */
function showFrame() {
  const redraw = () => {
    showFrame();
    go(view);
    screen.querySelector("select")?.focus();
  };
  show(
    screen,
    h(
      "header",
      { class: "top" },
      h("h1", {}, login?.store_name),
      h("p", { id: "counts", class: "counts", role: "status" }),
      h("div", { class: "tools" }, h("button", { type: "button", id: "sound", onclick: switchSound }), languages(redraw), h("button", { type: "button", class: "plain", onclick: () => leave() }, words.logOut)),
      h("nav", { "aria-label": words.title }, ...VIEWS.map((name) => h("button", { type: "button", class: "plain", id: `go-${name}`, onclick: () => go(name) }, words.views[name]))),
    ),
    h("main", {}, h("p", { id: "told", class: "notice wrong", role: "alert" }), ...VIEWS.map((name) => h("div", { id: name, hidden: true }))),
  );
  update();
}

/** @param {string} text */
function tell(text) {
  told = text;
  update();
}

function update() {
  document.title = board.fresh.size ? `(${board.fresh.size}) ${words.title}` : words.title;
  whenReleased(draw);
}

function draw() {
  if (!login || !document.getElementById("board")) return;
  showBoard(byId("board"), board, tables, busy, actions);
  showMenus(byId("menus"), menus, has("stock"), switchMenu, countMenu);
  for (const name of VIEWS) {
    byId(name).hidden = name !== view;
    byId(`go-${name}`).setAttribute("aria-current", String(name === view));
  }
  const counts = [words.waiting(board.count("대기중")), words.preparing(board.count("준비중"))];
  if (byId("counts").textContent !== counts.join("")) show(byId("counts"), ...counts.map((text) => h("span", {}, text)));
  if (byId("told").textContent !== told) show(byId("told"), told);
  byId("sound").setAttribute("aria-pressed", String(isSoundOn()));
  show(byId("sound"), isSoundOn() ? words.soundOn : words.soundOff);
}

showConnection(byId("connection"), () => words.disconnected);
awaitTap(update);
setInterval(update, AGES_EVERY);
if (login) enter(login);
else askToLogIn("");
