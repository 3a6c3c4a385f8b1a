// What a tablet shows while nobody orders: the form that makes it a table's, and the greeting of the next guests.

import { h, show } from "../common/dom.js";
import { Problem } from "../common/api.js";
import { LANGUAGES, words } from "../words/guests/index.js";

/**
 * The languages, each by its own name.
 * @param {string} current
 * @param {(language: string) => void} onChoose
 */
export function languageSelect(current, onChoose) {
  const options = Object.entries(LANGUAGES).map(([language, name]) =>
    h("option", { value: language, lang: language, selected: language === current }, name),
  );
  const select = h("select", { "aria-label": words.language, onchange: () => onChoose(select.value) }, ...options);
  return select;
}

/**
 * Ask once for what makes this the tablet of a table: a code, or else the numbers and the password.
 * @param {HTMLElement} screen
 * @param {HTMLElement} languages
 * @param {(wanted: import("./session.js").ByPassword | import("./session.js").Enrolment) => Promise<void>} onSetUp throws Problem
 * @param {object} [before]
 * @param {string} [before.wrong] what went wrong
 * @param {string} [before.code] a code that need not be typed
 */
export function showSetUp(screen, languages, onSetUp, { wrong = "", code: known = "" } = {}) {
  const number = { inputmode: "numeric", pattern: "[0-9]*", required: true, autocomplete: "off", maxlength: 9 };
  const code = h("input", { name: "code", value: known, autocomplete: "off", autocapitalize: "characters", maxlength: 20 });
  const name = h("input", { name: "device_name", value: words.setUp.tablet, required: true, autocomplete: "off", maxlength: 50 });
  const store = h("input", { ...number, name: "store" });
  const table = h("input", { ...number, name: "table" });
  const password = h("input", { type: "password", name: "password", required: true, autocomplete: "off" });
  const byCode = h("fieldset", {}, h("label", {}, words.setUp.name, name));
  const byPassword = h(
    "fieldset",
    {},
    h("legend", { class: "muted" }, words.setUp.orPassword),
    h("label", {}, words.setUp.store, store),
    h("label", {}, words.setUp.table, table),
    h("label", {}, words.setUp.password, password),
  );
  const choose = () => {
    const hasCode = code.value.trim() !== "";
    byCode.hidden = byCode.disabled = !hasCode; // what is disabled is not required
    byPassword.hidden = byPassword.disabled = hasCode;
  };
  code.addEventListener("input", choose);
  choose();
  const problem = h("p", { class: "notice wrong", role: "alert" }, wrong);
  const submit = h("button", { type: "submit", class: "main" }, words.setUp.submit);

  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    show(problem);
    submit.disabled = true;
    show(submit, words.setUp.sending);
    try {
      const [store_id, table_number] = [Number(store.value), Number(table.value)];
      await onSetUp(
        code.value.trim()
          ? { code: code.value, device_name: name.value }
          : { store_id, table_number, table_password: password.value },
      );
    } catch (error) {
      show(problem, explain(error));
      submit.disabled = false;
      show(submit, words.setUp.submit);
      (code.value.trim() ? code : password).select();
    }
  };
  show(
    screen,
    h(
      "main",
      { class: "middle" },
      h("div", {}, h("h1", {}, words.setUp.title), h("p", { class: "muted" }, words.setUp.about)),
      h(
        "form",
        { onsubmit: send },
        h("label", {}, words.setUp.code, code),
        byCode,
        byPassword,
        problem,
        submit,
      ),
      languages,
    ),
  );
}

/**
 * Greet the next guests. Their session begins with a tap, so that an empty table stays empty for the counter.
 * @param {HTMLElement} screen
 * @param {object} with_
 * @param {string} with_.store
 * @param {number} with_.table
 * @param {HTMLElement} with_.languages
 * @param {string} with_.notice
 * @param {boolean} with_.grave
 * @param {() => Promise<void>} with_.onBegin
 */
export function showWelcome(screen, { store, table, languages, notice, grave, onBegin }) {
  const begin = h(
    "button",
    {
      type: "button",
      class: "main begin",
      onclick: () => {
        begin.disabled = true;
        onBegin();
      },
    },
    words.begin,
  );
  show(
    screen,
    h(
      "main",
      { class: "middle welcome" },
      h("div", {}, h("p", { class: "muted" }, `${store} · ${words.table(table)}`), h("h1", {}, words.welcome)),
      notice && h("p", { class: grave ? "notice wrong" : "muted", role: "status" }, notice),
      begin,
      languages,
    ),
  );
}

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof Problem)) throw error;
  if (error.code === "enrolment_invalid") return words.wrongCode;
  if (error.status === 401 || error.status === 400) return words.wrongPassword;
  if (error.status === 429) return words.tooMany(error.retryAfter);
  return words.failed(error.document.request_id);
}
