// The cooks' screen: what is to be cooked, oldest first. It shows no money.

import { showConnection } from "../common/banner.js";
import { byId, h, show } from "../common/dom.js";
import { keep, recall } from "../common/kept.js";
import { whenReleased } from "../common/pressing.js";
import { Shift } from "../staff/shift.js";
import { awaitTap, isSoundOn, ring, ringDown, toggleSound } from "../staff/sound.js";
import { words } from "../words/staff/index.js";
import { Queue } from "./queue.js";
import { showQueue, showWanted } from "./queue-view.js";

/** @typedef {import("../types.js").StoreEvents} StoreEvents */

const EVENTS = /** @type {(keyof StoreEvents)[]} */ (
  ["initial", "order_created", "order_updated", "order_deleted", "session_started", "session_ended", "menu_changed"]
);
const AGES_EVERY = 15_000; // ms

let queue = new Queue();
let categories = /** @type {string[]} */ ([]);
/** The category whose orders are shown; empty: all. */
let category = /** @type {string} */ (recall("kitchen.category") ?? "");
let told = "";
/** The orders of which a change is on its way. */
const busy = /** @type {Set<number>} */ (new Set());

const shift = new Shift("kitchen", byId("screen"), { begin, end, tell });

// -- From one state to the next ---------------------------------------------------------------------------------------

function begin() {
  queue = new Queue();
  showFrame();
  shift.follow(EVENTS, onEvent);
}

function end() {
  Queue.forget();
  busy.clear();
  categories = [];
}

/** @param {import("../types.js").EventOf<StoreEvents>} event */
function onEvent(event) {
  const { added, takenBack } = queue.follow(event);
  if (takenBack) ringDown();
  else if (added) ring();
  if (event.type === "initial" || event.type === "menu_changed") loadCategories().catch(shift.fail);
  update();
}

async function loadCategories() {
  const answer = await shift.call("list_categories", {});
  categories = answer.categories.map((one) => one.category_name);
  if (category && !categories.includes(category)) choose("");
  update();
}

// -- What the cooks do ------------------------------------------------------------------------------------------------

const actions = {
  /** The same status again is no fault, so this may be sent again. @type {import("./queue-view.js").Actions["move"]} */
  async move({ order_id }, status) {
    busy.add(order_id);
    queue.see(order_id);
    update();
    try {
      await shift.call("update_order_status", { path: { order_id }, body: { status } });
      queue.board.update({ order_id, status });
      queue.keep();
      tell("");
    } catch (error) {
      shift.fail(error);
    }
    busy.delete(order_id);
    update();
  },

  /** @type {import("./queue-view.js").Actions["see"]} */
  see({ order_id }) {
    queue.see(order_id);
    update();
  },
};

/** @param {string} name */
function choose(name) {
  category = name;
  keep("kitchen.category", name || null);
  update();
}

function switchSound() {
  toggleSound();
  update();
}

// -- What they see ----------------------------------------------------------------------------------------------------

/** The parts of the screen, in the cooks' language. */
function showFrame() {
  show(
    shift.screen,
    h(
      "header",
      { class: "top" },
      h("h1", {}, shift.login?.store_name),
      h("p", { id: "counts", class: "counts", role: "status" }),
      h("div", { class: "tools" }, h("button", { type: "button", id: "sound", onclick: switchSound }), ...shift.tools(showFrame)),
      h("nav", { id: "categories", "aria-label": words.kitchen.categories }),
    ),
    h("main", {}, h("p", { id: "told", class: "notice wrong", role: "alert" }), h("div", { id: "tickets" }), h("p", { id: "nothing", class: "muted" })),
    h("aside", { id: "wanted", "aria-labelledby": "wanted-title" }),
  );
  update();
}

/** @param {string} text */
function tell(text) {
  told = text;
  update();
}

function update() {
  const waiting = queue.open.filter((order) => order.status === "대기중").length;
  if (shift.login) document.title = `${waiting ? `(${waiting}) ` : ""}${words.titles.kitchen}`;
  whenReleased(draw);
}

function draw() {
  if (!shift.login || !document.getElementById("tickets")) return;
  showQueue(byId("tickets"), queue, category, busy, actions);
  showWanted(byId("wanted"), queue.wanted(category));
  showCategories();
  show(byId("nothing"), queue.board.begun && !byId("tickets").hasChildNodes() && words.kitchen.nothing);
  const counts = [words.waiting(queue.board.count("대기중")), words.preparing(queue.board.count("준비중"))];
  if (byId("counts").textContent !== counts.join("")) show(byId("counts"), ...counts.map((text) => h("span", {}, text)));
  if (byId("told").textContent !== told) show(byId("told"), told);
  byId("sound").setAttribute("aria-pressed", String(isSoundOn()));
  show(byId("sound"), isSoundOn() ? words.soundOn : words.soundOff);
}

function showCategories() {
  const buttons = ["", ...categories].map((name) =>
    h(
      "button",
      { type: "button", class: "plain", "data-category": name, "aria-pressed": String(name === category), onclick: () => choose(name) },
      name || words.kitchen.all,
    ),
  );
  const focused = /** @type {HTMLElement} */ (document.activeElement).dataset["category"];
  show(byId("categories"), ...buttons);
  if (focused !== undefined) buttons.find((button) => button.dataset["category"] === focused)?.focus();
}

showConnection(byId("connection"), () => words.disconnected);
awaitTap(update);
setInterval(update, AGES_EVERY);
shift.start();
