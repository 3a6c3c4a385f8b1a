// The login of the staff.

import { Api, Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { keep, recall } from "../common/kept.js";
import { explain, onlyFor, words } from "../words/staff/index.js";

/** @typedef {keyof typeof words.titles} Screen */
/** @typedef {import("../types.js").AdminToken} AdminToken */

/** Who can do something at each screen. @type {Record<Screen, AdminToken["role"][]>} */
const ROLES = {
  counter: ["owner", "manager", "staff"],
  kitchen: ["owner", "manager", "staff", "kitchen"],
  office: ["owner", "manager"],
};

/**
 * @param {HTMLElement} place
 * @param {Screen} screen
 * @param {HTMLElement} languages
 * @param {string} notice
 * @param {(login: AdminToken) => void} onLogIn
 */
export function showLogIn(place, screen, languages, notice, onLogIn) {
  const kept = `${screen}.store`;
  const store = h("input", {
    name: "store", value: recall(kept), inputmode: "numeric", pattern: "[0-9]*", maxlength: 9, autocomplete: "off", "aria-describedby": "store-hint",
  });
  const username = h("input", { name: "username", required: true, autocomplete: "username", maxlength: 50, autocapitalize: "none" });
  const password = h("input", { name: "password", type: "password", required: true, autocomplete: "current-password" });
  const problem = h("p", { class: "notice wrong", role: "alert" }, notice);
  const submit = h("button", { type: "submit", class: "main" }, words.logIn.submit);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    show(problem);
    submit.disabled = true;
    show(submit, words.logIn.sending);
    try {
      const store_id = store.value ? Number(store.value) : null;
      const login = await new Api().call("log_in_admin", { body: { username: username.value, password: password.value, store_id } });
      if (ROLES[screen].includes(login.role)) {
        keep(kept, store_id);
        return onLogIn(login);
      }
      show(problem, onlyFor(ROLES[screen]));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      show(problem, error.status === 401 || error.status === 400 ? words.logIn.wrong : explain(error));
    }
    submit.disabled = false;
    show(submit, words.logIn.submit);
    password.select();
  };
  show(
    place,
    h(
      "main",
      { class: "middle" },
      h("h1", {}, words.logIn.title(words.titles[screen])),
      h(
        "form",
        { onsubmit: send },
        h("label", {}, words.logIn.store, store, h("span", { class: "small muted hint", id: "store-hint" }, words.logIn.storeHint)),
        h("label", {}, words.logIn.username, username),
        h("label", {}, words.logIn.password, password),
        problem,
        submit,
      ),
      languages,
    ),
  );
}
