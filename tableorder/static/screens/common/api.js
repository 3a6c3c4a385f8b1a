// Calls of the API, each by the name that it has in /openapi.json. A call that gets no answer is sent again until it
// gets one, so whatever makes something needs a key: with it a repeat is answered with what the first one made.

import { noticeConnection, pause } from "./connection.js";
import { setClock } from "./time.js";

/** @typedef {import("../types.js").OperationName} OperationName */
/** @typedef {import("../types.js").ProblemDocument} ProblemDocument */

const ROUTES = /** @satisfies {Partial<Record<OperationName, import("../types.js").Route>>} */ ({
  log_in_table: ["POST", "/api/v1/auth/table/login"],
  log_in_device: ["POST", "/api/v1/auth/device/login"],
  enrol_device: ["POST", "/api/v1/auth/device/enrol"],
  show_menu: ["GET", "/api/v1/customer/menus"],
  place_order: ["POST", "/api/v1/customer/orders"],
  list_session_orders: ["GET", "/api/v1/customer/orders"],
  log_in_admin: ["POST", "/api/v1/auth/admin/login"],
  update_order_status: ["PATCH", "/api/v1/admin/orders/{order_id}/status"],
  void_order: ["DELETE", "/api/v1/admin/orders/{order_id}"],
  list_tables: ["GET", "/api/v1/admin/tables"],
  end_session: ["POST", "/api/v1/admin/tables/{table_id}/end-session"],
  void_order_lines: ["POST", "/api/v1/admin/orders/{order_id}/void-lines"],
  set_stock: ["PUT", "/api/v1/admin/stock"],
  list_categories: ["GET", "/api/v1/admin/categories"],
  add_category: ["POST", "/api/v1/admin/categories"],
  update_category: ["PATCH", "/api/v1/admin/categories/{category_id}"],
  delete_category: ["DELETE", "/api/v1/admin/categories/{category_id}"],
  add_menu: ["POST", "/api/v1/admin/menus"],
  delete_menu: ["DELETE", "/api/v1/admin/menus/{menu_id}"],
  reorder_menus: ["PUT", "/api/v1/admin/menus/order"],
  set_menu_option_groups: ["PUT", "/api/v1/admin/menus/{menu_id}/option-groups"],
  list_option_groups: ["GET", "/api/v1/admin/option-groups"],
  add_option_group: ["POST", "/api/v1/admin/option-groups"],
  update_option_group: ["PATCH", "/api/v1/admin/option-groups/{group_id}"],
  delete_option_group: ["DELETE", "/api/v1/admin/option-groups/{group_id}"],
  add_option: ["POST", "/api/v1/admin/option-groups/{group_id}/options"],
  update_option: ["PATCH", "/api/v1/admin/options/{option_id}"],
  delete_option: ["DELETE", "/api/v1/admin/options/{option_id}"],
  list_stock: ["GET", "/api/v1/admin/stock"],
  add_table: ["POST", "/api/v1/admin/tables"],
  update_table: ["PATCH", "/api/v1/admin/tables/{table_id}"],
  delete_table: ["DELETE", "/api/v1/admin/tables/{table_id}"],
  list_menus: ["GET", "/api/v1/admin/menus"],
  list_missing_labels: ["GET", "/api/v1/admin/menus/labels"],
  update_menu: ["PATCH", "/api/v1/admin/menus/{menu_id}"],
  set_menu_availability: ["PUT", "/api/v1/admin/menus/{menu_id}/availability"],
  place_call: ["POST", "/api/v1/customer/calls"],
  get_current_call: ["GET", "/api/v1/customer/calls/current"],
  list_calls: ["GET", "/api/v1/admin/calls"],
  take_call: ["POST", "/api/v1/admin/calls/{call_id}/take"],
  close_call: ["POST", "/api/v1/admin/calls/{call_id}/close"],
  list_call_items: ["GET", "/api/v1/admin/call-items"],
  add_call_item: ["POST", "/api/v1/admin/call-items"],
  update_call_item: ["PATCH", "/api/v1/admin/call-items/{call_item_id}"],
  delete_call_item: ["DELETE", "/api/v1/admin/call-items/{call_item_id}"],
  add_enrolment: ["POST", "/api/v1/admin/tables/{table_id}/enrolments"],
  list_devices: ["GET", "/api/v1/admin/devices"],
  update_device: ["PATCH", "/api/v1/admin/devices/{device_id}"],
  delete_device: ["DELETE", "/api/v1/admin/devices/{device_id}"],
  list_dayparts: ["GET", "/api/v1/admin/dayparts"],
  add_daypart: ["POST", "/api/v1/admin/dayparts"],
  update_daypart: ["PATCH", "/api/v1/admin/dayparts/{daypart_id}"],
  delete_daypart: ["DELETE", "/api/v1/admin/dayparts/{daypart_id}"],
  set_menu_dayparts: ["PUT", "/api/v1/admin/menus/{menu_id}/dayparts"],
  set_category_dayparts: ["PUT", "/api/v1/admin/categories/{category_id}/dayparts"],
  export_menu: ["GET", "/api/v1/admin/menu-document"],
  import_menu: ["PUT", "/api/v1/admin/menu-document"],
  list_staff: ["GET", "/api/v1/admin/staff"],
  add_person: ["POST", "/api/v1/admin/staff"],
  update_person: ["PATCH", "/api/v1/admin/staff/{staff_id}"],
  delete_person: ["DELETE", "/api/v1/admin/staff/{staff_id}"],
  revoke_person: ["POST", "/api/v1/admin/staff/{staff_id}/revoke"],
  show_settings: ["GET", "/api/v1/admin/settings"],
  update_settings: ["PATCH", "/api/v1/admin/settings"],
  list_store_history: ["GET", "/api/v1/admin/history"],
  list_audit: ["GET", "/api/v1/admin/audit"],
  list_voids: ["GET", "/api/v1/admin/voids"],
  add_approval: ["POST", "/api/v1/admin/approvals"],
});

/** @typedef {keyof typeof ROUTES} CallName */

const PATIENCE = 10_000; // ms for one answer
const FIRST_WAIT = 500; // ms; twice as long each time
const LONGEST_WAIT = 15_000;

/** An answer that says no. Go by `code`. */
export class Problem extends Error {
  /**
   * @param {ProblemDocument} document
   * @param {number} retryAfter seconds; 0 if the server did not say
   */
  constructor(document, retryAfter) {
    super(document.detail);
    this.name = "Problem";
    this.status = document.status;
    this.code = document.code;
    this.document = document;
    this.retryAfter = retryAfter;
  }
}

/** Nobody can tell whether it was done: a call that may not be repeated got no answer. */
export class Unanswered extends Problem {
  constructor() {
    super({ type: "about:blank", title: "No answer", status: 0, detail: "There was no answer.", code: "unanswered", request_id: "" }, 0);
  }
}

/** One client of the API, with its token. */
export class Api {
  /** @param {string} [token] */
  constructor(token = "") {
    this.token = token;
    /** How to get another token once this one is no good; whoever gives none has the 401 thrown. */
    this.renewToken = /** @type {(() => Promise<string>) | null} */ (null);
  }

  /**
   * Call an operation; its answer. Throws Problem, or the reason of `signal`.
   * @template {CallName} N
   * @param {N} name
   * @param {import("../types.js").Parameters<N>} parameters
   * @returns {Promise<import("../types.js").AnswerOf<N>>}
   */
  async call(name, parameters) {
    const [method, path] = ROUTES[name];
    const { path: ids, query, ...rest } = /** @type {AnyParameters} */ (parameters);
    return this.send(method, fill(path, ids ?? {}, query ?? {}), rest);
  }

  /**
   * As `call`, by method and address: for what an installation may not have yet.
   * @param {string} method
   * @param {string} address
   * @param {Omit<AnyParameters, "path" | "query">} [parameters]
   * @returns {Promise<any>}
   */
  async send(method, address, { body, key, approval, version, once, signal } = {}) {
    let [renewed, crashed] = [false, false];
    for (let attempt = 0; ; attempt++) {
      let wait = backOff(attempt);
      try {
        const response = await this.#ask(method, address, { body, key, approval, version, signal });
        const answer = await response.json();
        noticeConnection(true);
        setClock(response.headers.get("Date"));
        if (response.ok) return answer;
        throw new Problem(answer, Number(response.headers.get("Retry-After")) || 0);
      } catch (error) {
        signal?.throwIfAborted();
        if (once && !(error instanceof Problem && error.status < 500)) throw new Unanswered();
        if (!(error instanceof Problem)) noticeConnection(false);
        else if (error.status === 401 && this.renewToken && !renewed) {
          renewed = true;
          this.token = await this.renewToken();
          continue;
        } else if (error.status === 500 && !crashed) crashed = true;
        else if (error.status !== 503) throw error;
        if (error instanceof Problem) wait += 1000 * error.retryAfter;
      }
      await pause(wait, signal);
    }
  }

  /**
   * @param {string} method
   * @param {string} address
   * @param {Omit<AnyParameters, "path" | "query" | "once">} parameters
   */
  #ask(method, address, { body, key, approval, version, signal }) {
    const headers = new Headers();
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    if (key) headers.set("Idempotency-Key", key);
    if (version) headers.set("If-Match", version === "*" ? version : `"${version}"`);
    if (approval) headers.set("X-Approval", approval);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const patience = AbortSignal.timeout(PATIENCE);
    return fetch(address, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? anyOf(signal, patience) : patience,
    });
  }
}

/**
 * How long to wait after so many attempts, in ms: at random, so that twenty tablets whose wifi came back do not all
 * knock at once.
 * @param {number} attempt
 */
export function backOff(attempt) {
  return Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT) * (0.5 + Math.random() / 2);
}

/**
 * @typedef {object} AnyParameters
 * @property {unknown} [body]
 * @property {Record<string, string | number>} [path]
 * @property {Record<string, unknown>} [query]
 * @property {string | undefined} [key]
 * @property {string | undefined} [approval]
 * @property {string | undefined} [version]
 * @property {boolean | undefined} [once]
 * @property {AbortSignal | undefined} [signal]
 */

/**
 * @param {string} path
 * @param {Record<string, string | number>} ids
 * @param {Record<string, unknown>} query
 */
function fill(path, ids, query) {
  const filled = path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(String(ids[name])));
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  return given.length ? `${filled}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : filled;
}

/**
 * A signal that follows both. (AbortSignal.any is too new for some tablets.)
 * @param {AbortSignal} one
 * @param {AbortSignal} other
 */
function anyOf(one, other) {
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener("abort", () => both.abort(signal.reason), { signal: both.signal });
  }
  return both.signal;
}
