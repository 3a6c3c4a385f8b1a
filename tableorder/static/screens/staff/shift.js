// Who works at this screen: the login, kept over a reload, and what ends with it.

import { Api, Problem } from "../common/api.js";
import { h } from "../common/dom.js";
import { follow } from "../common/feed.js";
import { keep, recall } from "../common/kept.js";
import { LANGUAGES, explain, speak, words } from "../words/staff/index.js";
import { showLogIn } from "./login.js";

/** @typedef {import("../types.js").AdminToken} AdminToken */
/** @typedef {import("../types.js").StoreEvents} StoreEvents */
/** @typedef {import("../common/api.js").CallName} CallName */

const FEED = "/api/v1/admin/orders/sse";

export class Shift {
  /**
   * @param {keyof typeof words.titles} name the screen's
   * @param {HTMLElement} screen
   * @param {object} does
   * @param {() => void} does.begin somebody has logged in
   * @param {() => void} does.end somebody has logged out
   * @param {(text: string) => void} does.tell say this to whoever works here
   */
  constructor(name, screen, { begin, end, tell }) {
    this.name = name;
    this.screen = screen;
    this.begin = begin;
    this.end = end;
    this.tell = tell;
    this.login = /** @type {AdminToken | null} */ (recall(`${name}.login`));
    this.language = speak(recall(`${name}.language`));
    this.api = new Api();
    /** Ends with the login: the feed and the calls under way. */
    this.present = new AbortController();
  }

  /** Go on with the login that was kept, or ask for one. */
  start() {
    if (this.login) this.enter(this.login);
    else this.#askToLogIn("");
  }

  /** @param {AdminToken} login */
  enter(login) {
    this.login = login;
    keep(`${this.name}.login`, login);
    this.api = new Api(login.access_token);
    this.present = new AbortController();
    this.begin();
  }

  /** @param {string} [notice] why */
  leave(notice = "") {
    this.present.abort();
    this.login = null;
    keep(`${this.name}.login`, null);
    this.end();
    this.#askToLogIn(notice);
  }

  /** @param {string} notice */
  #askToLogIn(notice) {
    document.title = words.titles[this.name];
    const redraw = () => this.#askToLogIn(notice && words.logIn.again);
    showLogIn(this.screen, this.name, this.languages(redraw), notice, (login) => this.enter(login));
  }

  /** Whether the installation has this. @param {string} feature */
  has(feature) {
    return this.login?.features?.includes(feature) ?? false;
  }

  /**
   * `Api.call`, until the login ends.
   * @template {CallName} N
   * @param {N} name
   * @param {import("../types.js").Parameters<N>} parameters
   */
  call(name, parameters) {
    return this.api.call(name, { ...parameters, signal: this.present.signal });
  }

  /**
   * Follow the restaurant's feed.
   * @param {(keyof StoreEvents & string)[]} types
   * @param {(event: import("../types.js").EventOf<StoreEvents>) => void} onEvent
   */
  follow(types, onEvent) {
    follow(this.api, FEED, types, onEvent, this.present.signal).catch(this.fail);
  }

  /** What was refused is told; a login that is no good any more is asked for anew. */
  fail = (/** @type {unknown} */ error) => {
    if (this.present.signal.aborted && error === this.present.signal.reason) return;
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) return this.leave(words.logIn.again);
    this.tell(explain(error));
  };

  /** The choice of a language. @param {() => void} redraw */
  languages(redraw) {
    const options = Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag, selected: tag === this.language }, name));
    const choose = () => {
      this.language = speak(select.value);
      keep(`${this.name}.language`, this.language);
      redraw();
      this.screen.querySelector("select")?.focus();
    };
    const select = h("select", { "aria-label": words.language, onchange: choose }, ...options);
    return select;
  }

  /** @param {() => void} redraw */
  tools(redraw) {
    return [this.languages(redraw), h("button", { type: "button", class: "plain", onclick: () => this.leave() }, words.logOut)];
  }
}
