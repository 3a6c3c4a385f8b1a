// Which table this tablet is of, for months; and the session of the guests who sit there now.

import { Api, Problem } from "../common/api.js";
import { pause } from "../common/connection.js";
import { keep, recall } from "../common/kept.js";

/** @typedef {import("../types.js").TableToken} TableToken */
/** @typedef {{ store_id: number, table_number: number, table_password: string }} ByPassword */
/** @typedef {{ device_token: string, table_number: number }} Enrolled */
/** @typedef {ByPassword | Enrolled} SetUp */
/** @typedef {{ code: string, device_name: string }} Enrolment */

/** The guests of before are gone. */
export class SessionOver extends Error {}

export class Session {
  constructor() {
    this.setUp = /** @type {SetUp | null} */ (recall("tablet.setup"));
    this.login = /** @type {TableToken | null} */ (recall("tablet.login"));
    this.api = new Api(this.login?.access_token);
    /** The login under way, for all the calls whose token is no good any more. */
    this.renewing = /** @type {Promise<string> | null} */ (null);
    this.api.renewToken = () => (this.renewing ??= this.#renew().finally(() => (this.renewing = null)));
  }

  /** What the installation has, beyond the first API. @param {string} feature */
  has(feature) {
    return this.login?.features?.includes(feature) ?? false;
  }

  /**
   * Make this the tablet of a table. Throws Problem if the code, the numbers or the password are wrong.
   * @param {ByPassword | Enrolment} wanted
   */
  async setUpAs(wanted) {
    if ("code" in wanted) {
      const { device_token, table_number } = await new Api().call("enrol_device", { body: wanted });
      this.#keepSetUp({ device_token, table_number }); // now: the code is used up
      return this.begin();
    }
    const login = await logIn(wanted);
    this.#keepSetUp(wanted);
    this.#keepLogin(login);
  }

  /** Join the table's session, or start one for new guests. */
  async begin() {
    if (!this.setUp) throw new Error("not set up");
    const login = await logIn(this.setUp);
    this.#keepSetUp({ ...this.setUp, table_number: login.table_number });
    this.#keepLogin(login);
  }

  /** The guests have gone. */
  end() {
    this.login = null;
    this.api.token = "";
    keep("tablet.login", null);
  }

  /** The table is no longer this tablet's. */
  forgetSetUp() {
    this.end();
    this.setUp = null;
    keep("tablet.setup", null);
  }

  async #renew() {
    const before = this.login?.session_id;
    if (!this.setUp) throw new SessionOver();
    const login = await logInPatiently(this.setUp);
    this.#keepSetUp({ ...this.setUp, table_number: login.table_number }); // a device may have another table now
    if (login.session_id !== before) throw new SessionOver();
    this.#keepLogin(login);
    return login.access_token;
  }

  /** @param {SetUp} setUp */
  #keepSetUp(setUp) {
    this.setUp = setUp;
    keep("tablet.setup", setUp);
  }

  /** @param {TableToken} login */
  #keepLogin(login) {
    this.login = login;
    this.api.token = login.access_token;
    keep("tablet.login", login);
  }
}

/**
 * Log in where no person waits: if others have guessed at the password, come back as soon as that is allowed.
 * @param {SetUp} setUp
 * @returns {Promise<TableToken>}
 */
async function logInPatiently(setUp) {
  for (;;) {
    try {
      return await logIn(setUp);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429) throw error;
      await pause(1000 * error.retryAfter);
    }
  }
}

/**
 * @param {SetUp} setUp
 * @returns {Promise<TableToken>}
 */
function logIn(setUp) {
  if ("device_token" in setUp) return new Api().call("log_in_device", { body: { device_token: setUp.device_token } });
  return new Api().call("log_in_table", { body: setUp });
}
