// The staff's screen: all tables and orders as they are now, what is on sale, and the books.

import { Problem } from "../common/api.js";
import { showConnection } from "../common/banner.js";
import { byId, h, show } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { Board } from "../staff/board.js";
import { pastSession, showBook, voidedOrder } from "../staff/books.js";
import { listMenus } from "../staff/menus.js";
import { Shift } from "../staff/shift.js";
import { awaitTap, isSoundOn, ring, toggleSound } from "../staff/sound.js";
import { lowAtOf } from "../staff/stock.js";
import { words } from "../words/staff/index.js";
import { showBoard } from "./board-view.js";
import { OpenCalls, showCalls } from "./calls.js";
import { askToEnd, askToVoid } from "./dialogs.js";
import { showMenus } from "./menus-view.js";

/** @typedef {import("../types.js").StoreEvents} StoreEvents */
/** @typedef {import("../types.js").Order} Order */
/** @typedef {keyof typeof words.views} View */

const EVENTS = /** @type {(keyof StoreEvents)[]} */ (
  ["initial", "order_created", "order_updated", "order_deleted", "session_started", "session_ended", "menu_changed", "table_changed", "stock_changed", "call_created", "call_updated", "call_closed"]
);
const VIEWS = /** @type {View[]} */ (["board", "menus", "history", "voids"]);
const VIEWS_OF_STAFF = /** @type {View[]} */ (["board", "menus"]); // the books are for owners and managers
const AGES_EVERY = 15_000; // ms

const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));

let board = new Board();
let calls = new OpenCalls();
/** @type {View} */
let view = "board";
let tables = /** @type {{ table_id: number, table_number: number }[]} */ ([]);
let menus = /** @type {import("./menus-view.js").Menus | null} */ (null);
let told = "";
/** The orders of which a change is on its way. */
const busy = /** @type {Set<number>} */ (new Set());

const shift = new Shift("counter", byId("screen"), { begin, end, tell });
const views = () => (shift.login?.role === "staff" ? VIEWS_OF_STAFF : VIEWS);

// -- From one state to the next ---------------------------------------------------------------------------------------

function begin() {
  board = new Board();
  showFrame();
  shift.follow(EVENTS, onEvent);
  loadTables().catch(shift.fail);
}

function end() {
  dialog.close();
  view = "board";
  menus = null;
  tables = [];
  board = new Board();
  calls = new OpenCalls();
  busy.clear();
}

/** @param {import("../types.js").EventOf<StoreEvents>} event */
function onEvent(event) {
  const called = calls.follow(event);
  if (board.follow(event) || called) ring();
  if (event.type === "initial" && shift.has("calls")) loadCalls().catch(shift.fail); // which tells nothing of them
  if (event.type === "table_changed" || event.type === "initial") loadTables().catch(shift.fail);
  if ((event.type === "menu_changed" || event.type === "stock_changed") && view === "menus") loadMenus().catch(shift.fail);
  update();
}

async function loadTables() {
  tables = (await shift.call("list_tables", {})).tables;
  update();
}

async function loadCalls() {
  const asked = calls;
  const { news } = asked;
  const answer = await shift.call("list_calls", { query: { open: true, limit: 100 } });
  if (asked.news !== news) return loadCalls();
  asked.begin(answer.calls);
  update();
}

async function loadMenus() {
  menus = await listMenus(shift);
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
      await shift.call("update_order_status", { path: { order_id }, body: { status } });
      board.update({ order_id, status });
      tell("");
    } catch (error) {
      shift.fail(error);
    }
    busy.delete(order_id);
    update();
  },

  /** @param {Order} order */
  askToVoid(order) {
    board.see(order.order_id);
    askToVoid(dialog, order, { inPart: shift.has("void_lines"), restock: shift.has("stock") && order.status !== "대기중" }, (wanted) =>
      wanted.lines ? voidLines(order, wanted.lines, wanted) : voidOrder(order, wanted),
    );
  },

  /** @param {import("../staff/board.js").OpenTable} table */
  askToEnd({ table_id, session_id }) {
    const table = board.tables.find((other) => other.session_id === session_id);
    if (table) askToEnd(dialog, table, () => endSession(table_id, session_id));
  },

  /** @param {Order} order */
  see(order) {
    if (board.see(order.order_id)) update();
  },
};

/** Either can be sent again: whoever takes a call first has it, and a closed one stays closed. */
const callActions = {
  /** @param {import("./calls.js").Call} call */
  take: ({ call_id }) => change(shift.call("take_call", { path: { call_id } })),

  /** @param {import("./calls.js").Call} call */
  close: ({ call_id }) => change(shift.call("close_call", { path: { call_id } })),
};

/** @param {Promise<import("./calls.js").Call>} changed */
async function change(changed) {
  try {
    calls.take(await changed);
    tell("");
  } catch (error) {
    shift.fail(error);
  }
}

/**
 * An order that is gone when a repeat arrives was voided by the first.
 * @param {Order} order
 * @param {import("./dialogs.js").Voiding} wanted
 */
async function voidOrder({ order_id }, { reason, restock, approver }) {
  const approval = await approve(order_id, approver);
  try {
    await shift.call("void_order", { path: { order_id }, query: { reason, ...(restock && { restock }) }, approval });
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
async function voidLines({ order_id }, lines, { reason, restock, approver }) {
  const body = { lines, reason, restock };
  const approval = await approve(order_id, approver);
  board.update(await shift.call("void_order_lines", { path: { order_id }, body, approval }));
  update();
}

/**
 * An approval to void the order, if somebody gives one.
 * @param {number} order_id
 * @param {import("./dialogs.js").Approver | null} approver
 */
async function approve(order_id, approver) {
  if (!approver) return undefined;
  const answer = await shift.call("add_approval", { body: { ...approver, action: "void", subject: order_id } });
  return answer.approval_token;
}

/**
 * It names the session that is shown, so that a repeat never ends the next guests'.
 * @param {number} table_id
 * @param {string} session_id
 */
async function endSession(table_id, session_id) {
  const key = `end-${session_id}`;
  await shift.call("end_session", { path: { table_id }, body: { session_id }, key });
  board.close(session_id);
  update();
}

/** @param {import("./menus-view.js").Menu} menu @param {boolean} is_available */
async function switchMenu({ menu_id }, is_available) {
  try {
    await shift.call("set_menu_availability", { path: { menu_id }, body: { is_available } });
    await loadMenus();
  } catch (error) {
    shift.fail(error);
  }
}

/** @param {import("./menus-view.js").Menu} menu @param {number | null} remaining */
async function countMenu({ menu_id }, remaining) {
  try {
    const low_at = await lowAtOf(shift, { menu_id }); // the office has chosen it: a new count keeps it
    await shift.call("set_stock", { body: { menu_id, option_id: null, remaining, low_at } });
    await loadMenus();
  } catch (error) {
    shift.fail(error);
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
  if (view === "menus") loadMenus().catch(shift.fail);
  if (view === "history") showHistory().catch(shift.fail);
  if (view === "voids") showVoids().catch(shift.fail);
}

function showHistory() {
  return showBook(byId("history"), {
    title: words.views.history,
    none: words.noHistory,
    render: pastSession,
    fetchPage: async (query) => {
      const { history, next_cursor } = await shift.call("list_store_history", { query });
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
      const { voids, next_cursor } = await shift.call("list_voids", { query });
      return { entries: voids, next_cursor };
    },
  });
}

// -- What they see ----------------------------------------------------------------------------------------------------

/** The parts of the screen, in the staff's language. */
function showFrame() {
  const redraw = () => {
    showFrame();
    go(view);
  };
  show(
    shift.screen,
    h(
      "header",
      { class: "top" },
      h("h1", {}, shift.login?.store_name),
      h("p", { id: "counts", class: "counts", role: "status" }),
      h("div", { class: "tools" }, h("button", { type: "button", id: "sound", onclick: switchSound }), ...shift.tools(redraw)),
      h("nav", { "aria-label": words.titles.counter }, ...views().map((name) => h("button", { type: "button", class: "plain", id: `go-${name}`, onclick: () => go(name) }, words.views[name]))),
    ),
    h("main", {}, h("p", { id: "told", class: "notice wrong", role: "alert" }), h("ul", { id: "calls", "aria-label": words.calls.title }), ...views().map((name) => h("div", { id: name, hidden: true }))),
  );
  update();
}

/** @param {string} text */
function tell(text) {
  told = text;
  update();
}

function update() {
  if (shift.login) document.title = `${board.fresh.size ? `(${board.fresh.size}) ` : ""}${words.titles.counter}`;
  whenReleased(draw);
}

function draw() {
  if (!shift.login || !document.getElementById("board")) return;
  showBoard(byId("board"), board, tables, busy, actions);
  showCalls(byId("calls"), calls, callActions);
  showMenus(byId("menus"), menus, shift.has("stock"), switchMenu, countMenu);
  for (const name of views()) {
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
shift.start();
