// The login of the staff.

import { Api, Problem } from "../common/api.js";
import { h, show } from "../common/dom.js";
import { explain, words } from "../words/staff/index.js";

/**
 * @param {HTMLElement} screen
 * @param {string} title the screen's
 * @param {HTMLElement} languages
 * @param {string} notice
 * @param {(login: import("../types.js").AdminToken) => void} onLogIn
 */
export function showLogIn(screen, title, languages, notice, onLogIn) {
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
      onLogIn(await logIn(username.value, password.value));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      show(problem, error.status === 401 || error.status === 400 ? words.logIn.wrong : explain(error));
      submit.disabled = false;
      show(submit, words.logIn.submit);
      password.select();
    }
  };
  show(
    screen,
    h(
      "main",
      { class: "middle" },
      h("h1", {}, words.logIn.title(title)),
      h("form", { onsubmit: send }, h("label", {}, words.logIn.username, username), h("label", {}, words.logIn.password, password), problem, submit),
      languages,
    ),
  );
}

/** @param {string} username @param {string} password */
export function logIn(username, password) {
  return new Api().call("log_in_admin", { body: { username, password } });
}
