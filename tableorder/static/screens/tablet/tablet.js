// The guests' screen: who sits here, what there is, what they have chosen and what they have ordered.

import { Problem } from "../common/api.js";
import { showConnection } from "../common/banner.js";
import { byId, h, show } from "../common/dom.js";
import { follow } from "../common/feed.js";
import { keep, recall } from "../common/kept.js";
import { won } from "../common/money.js";
import { keepPage } from "../common/offline.js";
import { Outbox } from "../common/outbox.js";
import { whenReleased } from "../common/pressing.js";
import { languageTag, speak, words } from "../words/guests/index.js";
import { TableCall, showCall } from "./call.js";
import { Cart, orderOf, showCart } from "./cart.js";
import { showDish } from "./dish.js";
import { MenuCard, followReading, showMenu } from "./menu.js";
import { SessionOrders, showOrders } from "./orders.js";
import { explainRefusal } from "./refusals.js";
import { Session, SessionOver } from "./session.js";
import { languageSelect, showSetUp, showWelcome } from "./welcome.js";

/** @typedef {import("../types.js").OrderRequest} OrderRequest */
/** @typedef {import("../types.js").TableEvents} TableEvents */
/** @typedef {"menu" | "cart" | "orders"} View */

const FEED = "/api/v1/customer/orders/sse";
const EVENTS = /** @type {(keyof TableEvents)[]} */ (
  ["initial", "order_created", "order_updated", "order_deleted", "session_ended", "menu_changed", "call_created", "call_updated", "call_closed"]
);

const screen = byId("screen");
const dialog = /** @type {HTMLDialogElement} */ (byId("dish"));

const session = new Session();
const card = new MenuCard();
const cart = new Cart();
const orders = new SessionOrders();
const call = new TableCall();
/** @type {Outbox<OrderRequest>} */
const outbox = new Outbox("tablet.order");

/** @type {View} */
let view = "menu";
let language = speak(recall("tablet.language"));
/** What the guests are told above their cart, and whether it is bad news. */
let told = { sentences: /** @type {string[]} */ ([]), wrong: false };
/** What ends with the session: the feed and the calls under way. */
let present = new AbortController();

// -- From one state to the next ---------------------------------------------------------------------------------------

function start() {
  const code = takeCode();
  if (code) return askForSetUp({ code });
  if (!session.setUp) return askForSetUp();
  if (!session.login) return greet();
  meet();
}

/** The code of the address, which a QR code led to. It is taken away: a reload is not to ask again. */
function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? "";
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}

/** @param {{ wrong?: string, code?: string }} [before] */
function askForSetUp(before = {}) {
  /** @param {import("./session.js").ByPassword | import("./session.js").Enrolment} wanted */
  const setUp = async (wanted) => {
    await session.setUpAs(wanted);
    card.forget();
    meet();
  };
  showSetUp(screen, languages(() => askForSetUp(before)), setUp, before);
}

/**
 * The table is free.
 * @param {string} [notice]
 * @param {boolean} [grave]
 */
function greet(notice = "", grave = false) {
  showWelcome(screen, {
    store: recall("tablet.store") ?? "",
    table: session.setUp?.table_number ?? 0,
    languages: languages(() => greet(grave ? words.endedWhileSending : notice && words.ended, grave)),
    notice,
    grave,
    onBegin: () => session.begin().then(meet, fail),
  });
}

/** Guests sit here: show all that is theirs, and follow it. */
function meet() {
  keep("tablet.store", session.login?.store_name);
  present = new AbortController();
  view = "menu";
  tell([]);
  showFrame();
  update();
  loadMenu().catch(fail);
  follow(session.api, FEED, EVENTS, onEvent, present.signal).catch(fail);
  if (outbox.pending) send().catch(fail);
}

/** The guests have gone: nothing of theirs stays. */
function end() {
  const lost = outbox.pending !== null;
  present.abort();
  session.end();
  cart.clear();
  outbox.forget();
  orders.clear();
  call.take(null);
  dialog.close();
  keep("tablet.language", null);
  language = speak(null);
  greet(lost ? words.endedWhileSending : words.ended, lost);
}

/** Whatever ended a call or the feed for good. @param {unknown} error */
function fail(error) {
  if (present.signal.aborted && error === present.signal.reason) return;
  const code = error instanceof Problem ? error.code : "";
  if (error instanceof SessionOver || code === "session_ended") return end();
  if (error instanceof Problem && error.status === 401) {
    present.abort();
    session.forgetSetUp();
    return askForSetUp({ wrong: code === "device_unknown" ? words.revoked : words.wrongPassword });
  }
  if (!(error instanceof Problem)) throw error;
  tell([error.status === 429 ? words.tooMany(error.retryAfter) : words.failed(error.document.request_id)], true);
  if (session.login) update();
  else greet(told.sentences[0], true);
}

/** @param {import("../types.js").EventOf<TableEvents>} event */
function onEvent(event) {
  if (event.type === "session_ended") return end();
  if (event.type === "menu_changed") loadMenu().catch(fail);
  if (event.type === "initial" && session.has("calls")) loadCall().catch(fail); // which tells nothing of it
  orders.follow(event);
  call.follow(event);
  update();
}

// -- What the guests do -----------------------------------------------------------------------------------------------

async function loadMenu() {
  const query = { ...(session.has("languages") && { lang: languageTag }), ...(session.has("pictures") && { pictures: "url" }) };
  card.take(await session.api.call("show_menu", { query: /** @type {{}} */ (query), signal: present.signal }));
  update();
}

async function loadCall() {
  const { news } = call;
  const answer = await session.api.call("get_current_call", { signal: present.signal });
  if (call.news === news) call.take(answer.call);
  update();
}

/** A repeat adds to the open call, so this may be sent again. */
async function callStaff() {
  call.sending = true;
  update();
  try {
    call.take(await session.api.call("place_call", { body: {}, signal: present.signal }));
  } catch (error) {
    if (!(error instanceof Problem && error.code === "too_many_calls")) fail(error); // else their call is open, and shown
  }
  call.sending = false;
  update();
}

function order() {
  if (outbox.pending || !cart.lines.length || !session.login) return;
  outbox.put(session.login.session_id, orderOf(cart, card, (feature) => session.has(feature)));
  send().catch(fail);
}

/** Send what is pending until it is answered. */
async function send() {
  const pending = outbox.pending;
  if (!pending) return;
  if (pending.session_id !== session.login?.session_id) return end(); // it was other guests'
  tell([]);
  update();
  try {
    const placed = await session.api.call("place_order", { body: pending.body, key: pending.key, signal: present.signal });
    outbox.forget();
    cart.clear();
    orders.add(placed);
    tell([words.ordered]);
    go("orders");
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 401 || error.code === "session_ended") throw error;
    outbox.forget();
    await loadMenu();
    tell(explainRefusal(error, pending.body, card), true);
    go("cart");
  }
}

/** @param {string} wanted */
function chooseLanguage(wanted) {
  language = speak(wanted);
  keep("tablet.language", language);
}

/** @param {View} wanted */
function go(wanted) {
  if (view !== wanted) scrollTo({ top: 0, behavior: "instant" });
  view = wanted;
  update();
}

/** @param {string[]} sentences @param {boolean} [wrong] */
function tell(sentences, wrong = false) {
  told = { sentences, wrong };
}

// -- What they see ----------------------------------------------------------------------------------------------------

/** @param {() => void} redraw */
function languages(redraw) {
  return languageSelect(language, (wanted) => {
    chooseLanguage(wanted);
    redraw();
  });
}

/** The parts of the screen, in the guests' language. */
function showFrame() {
  const redraw = () => {
    tell([]);
    showFrame();
    update();
    if (session.has("languages")) loadMenu().catch(fail);
    screen.querySelector("select")?.focus();
  };
  const tab = (/** @type {View} */ name, /** @type {string} */ text) =>
    h("button", { type: "button", id: `tab-${name}`, class: "plain", onclick: () => go(name) }, text);
  show(
    screen,
    h(
      "header",
      { class: "top" },
      h("h1", {}, session.login?.store_name, " ", h("span", { class: "muted" }, words.table(session.login?.table_number ?? 0))),
      h("nav", { class: "views", "aria-label": words.menu }, tab("menu", words.menu), tab("cart", words.cart), tab("orders", words.orders)),
      h("p", { id: "call-told", class: "unseen", role: "status" }),
      h("button", { type: "button", id: "call-staff", hidden: !session.has("calls"), onclick: callStaff }),
      languages(redraw),
    ),
    h("nav", { class: "categories", "aria-label": words.categories }, h("ul", { id: "category-names" })),
    h(
      "main",
      {},
      h("div", { class: "content" }, h("div", { id: "dishes" }), h("div", { id: "ordered" })),
      h(
        "section",
        { class: "cart", "aria-label": words.cart },
        h("h2", {}, words.cart),
        h("div", { id: "told", role: "status" }),
        h("ul", { id: "cart-lines" }),
        h("p", { id: "cart-empty", class: "muted" }, words.emptyCart),
        h("button", { type: "button", id: "order", class: "main", onclick: order }),
      ),
    ),
  );
  markReading = followReading(byId("category-names"), byId("dishes"));
}

let markReading = () => {};

function update() {
  whenReleased(draw);
}

function draw() {
  if (!session.login || !document.getElementById("dishes")) return;
  screen.dataset["view"] = view;
  const sending = outbox.pending !== null;
  showMenu(card.document, byId("category-names"), byId("dishes"), (menu) =>
    showDish(dialog, menu, card.document?.allergen_names ?? {}, (feature) => session.has(feature), (line) => {
      if (outbox.pending) return;
      cart.add(line);
      tell([]);
      update();
    }),
  );
  showOrders(byId("ordered"), orders);
  showCall(call);
  showCart(byId("cart-lines"), cart, card, sending, update);
  byId("cart-empty").hidden = cart.lines.length > 0;
  showOrderButton(sending);
  showTold(sending);
  for (const name of /** @type {View[]} */ (["menu", "cart", "orders"])) byId(`tab-${name}`).setAttribute("aria-current", String(view === name));
  show(byId("tab-cart"), words.cart, cart.count > 0 && h("span", { class: "count" }, cart.count));
  markReading();
}

/** @param {boolean} sending */
function showOrderButton(sending) {
  const button = /** @type {HTMLButtonElement} */ (byId("order"));
  const gone = cart.lines.some((line) => !card.find(line.menu_id)?.is_available);
  button.hidden = cart.lines.length === 0;
  button.disabled = sending || gone;
  show(button, sending ? words.sending : words.order(won(cart.total(card))));
}

/** @param {boolean} sending */
function showTold(sending) {
  const unreachable = document.documentElement.hasAttribute("data-unreachable");
  const sentences = sending && unreachable ? [words.waiting] : told.sentences;
  const place = byId("told");
  place.className = told.wrong ? "notice wrong" : "notice";
  show(place, ...sentences.map((sentence) => h("p", {}, sentence)));
}

showConnection(byId("connection"), () => words.disconnected);
new MutationObserver(update).observe(document.documentElement, { attributeFilter: ["data-unreachable"] });
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#code=")) return;
  present.abort();
  start();
});
keepPage();
start();
