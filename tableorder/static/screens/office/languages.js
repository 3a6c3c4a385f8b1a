// What guests read in other languages: names and descriptions, each beside the store's own. A field is saved when it is left.

import { Problem } from "../common/api.js";
import { h, show, showList } from "../common/dom.js";
import { whenReleased } from "../common/pressing.js";
import { listMenus } from "../staff/menus.js";
import { office } from "../words/office/index.js";
import { explain, words as staff } from "../words/staff/index.js";

/** @typedef {import("../types.js").AnswerOf<"list_categories">["categories"][number]["translations"]} Translations */
/** @typedef {keyof typeof GUESTS_LANGUAGES} Language */

/**
 * Something that has a name in each language.
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} name
 * @property {string | null} description
 * @property {number} most characters of the name
 * @property {Translations} translations
 * @property {(translations: Translations) => Promise<{ translations: Translations }>} save
 */

/** @typedef {{ key: string, title: string, entries: Entry[] }} Section */

const GUESTS_LANGUAGES = { en: "English", ja: "日本語", "zh-Hans": "简体中文", "zh-Hant": "繁體中文" };

export class LanguagesView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} _dialog
   * @param {HTMLElement} place
   */
  constructor(shift, _dialog, place) {
    this.shift = shift;
    this.sections = /** @type {Section[] | null} */ (null);
    this.language = /** @type {Language} */ ("en");
    this.latest = 0;
    this.saved = Promise.resolve();
    const choose = () => {
      this.language = /** @type {Language} */ (select.value);
      this.draw();
    };
    const options = Object.entries(GUESTS_LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag }, name));
    const select = h("select", { name: "language", "aria-label": staff.language, onchange: choose }, ...options);
    this.list = h("div", { class: "translations" });
    this.none = h("p", { class: "muted" });
    show(place, h("div", { class: "section-head" }, h("h2", {}, office().views.languages), select), h("p", { class: "muted" }, office().languagesAbout), this.none, this.list);
  }

  load = async () => {
    const asked = ++this.latest;
    const sections = await sectionsOf(this.shift);
    if (asked !== this.latest) return;
    this.sections = sections;
    whenReleased(this.draw);
  };

  draw = () => {
    if (!this.sections) return;
    show(this.none, this.sections.length === 0 && office().noCategories);
    showList(this.list, this.sections, (section) => section.key, (section) => this.#section(section), ({ title }) => title);
    for (const { key, entries } of this.sections) {
      const rows = this.list.querySelector(`[data-key="${key}"] ul`);
      if (!rows) continue;
      showList(rows, entries, (entry) => entry.key, (entry) => this.#row(entry), ({ name, description }) => [name, description, this.language]);
      for (const entry of entries) this.#fill(entry);
    }
    this.#count();
  };

  /** @param {Section} section */
  #section({ title }) {
    return h("details", { class: "card" }, h("summary", {}, title, h("span", { class: "small muted count" })), h("ul", {}));
  }

  /** @param {Entry} entry */
  #row({ key, name, description, most }) {
    const language = this.language;
    const told = `${name}: ${GUESTS_LANGUAGES[language]}`;
    const onchange = () => this.#save(key, language);
    return h(
      "li",
      { class: "translation" },
      h("strong", {}, name),
      h("input", { name: "name", lang: language, maxlength: most, autocomplete: "off", "aria-label": told, onchange }),
      description && h("p", { class: "small muted" }, description),
      description && h("textarea", { name: "description", lang: language, rows: 2, maxlength: 500, "aria-label": `${told}: ${office().description}`, onchange }),
      h("p", { class: "notice wrong", role: "alert" }),
    );
  }

  /** @param {string} key */
  #rowOf = (key) => /** @type {HTMLElement | null} */ (this.list.querySelector(`li[data-key="${key}"]`));

  /** @param {string} key */
  #entry = (key) => this.sections?.flatMap(({ entries }) => entries).find((entry) => entry.key === key);

  /** Show what is saved, but not over what somebody is writing. @param {Entry} entry */
  #fill({ key, translations }) {
    const texts = translations[this.language] ?? {};
    for (const field of fieldsOf(this.#rowOf(key)))
      if (field !== document.activeElement) field.value = texts[/** @type {"name" | "description"} */ (field.name)] ?? "";
  }

  /** One after the other, so that the last one stays. @param {string} key @param {Language} language */
  #save(key, language) {
    const texts = Object.fromEntries(fieldsOf(this.#rowOf(key)).flatMap(({ name, value }) => (value.trim() ? [[name, value.trim()]] : [])));
    this.saved = this.saved.then(() => this.#send(key, language, texts));
  }

  /** @param {string} key @param {Language} language @param {{ name?: string, description?: string }} texts */
  async #send(key, language, texts) {
    const [entry, row] = [this.#entry(key), this.#rowOf(key)];
    if (!entry || !row) return; // it was deleted meanwhile
    const { [language]: _, ...others } = entry.translations;
    const problem = /** @type {HTMLElement} */ (row.querySelector("[role=alert]"));
    show(problem);
    try {
      const saved = await entry.save(Object.keys(texts).length > 0 ? { ...others, [language]: texts } : others);
      const present = this.#entry(key);
      if (present) present.translations = saved.translations;
      this.#count();
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 401) return this.shift.fail(error);
      show(problem, explain(error));
    }
  }

  /** How many of each section have a name in the language. */
  #count() {
    for (const { key, entries } of this.sections ?? []) {
      const place = this.list.querySelector(`[data-key="${key}"] .count`);
      const done = entries.filter(({ translations }) => translations[this.language]?.name).length;
      if (place) show(place, office().translated(done, entries.length));
    }
  }
}

/** @param {HTMLElement | null} row */
const fieldsOf = (row) => /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ ([...(row?.querySelectorAll("input, textarea") ?? [])]);

/** All that has a name. @param {import("../staff/shift.js").Shift} shift @returns {Promise<Section[]>} */
async function sectionsOf(shift) {
  const [{ categories }, menus, groups, items] = await Promise.all([
    shift.call("list_categories", {}),
    listMenus(shift),
    shift.has("options") ? shift.call("list_option_groups", {}) : { option_groups: [] },
    shift.call("list_call_items", {}),
  ]);
  const words = office();
  const sections = [
    {
      key: "categories",
      title: words.categories,
      entries: categories.map(({ category_id, category_name, translations }) =>
        entry(`category-${category_id}`, category_name, null, 50, translations, (body) => shift.call("update_category", { path: { category_id }, body })),
      ),
    },
    ...menus.categories.map(({ category_id, category_name, menus }) => ({
      key: `menus-${category_id}`,
      title: category_name,
      entries: menus.map(({ menu_id, menu_name, description, translations }) =>
        entry(`menu-${menu_id}`, menu_name, description, 100, translations, (body) => shift.call("update_menu", { path: { menu_id }, body })),
      ),
    })),
    {
      key: "options",
      title: words.views.options,
      entries: groups.option_groups.flatMap(({ group_id, group_name, translations, options }) => [
        entry(`group-${group_id}`, group_name, null, 50, translations, (body) => shift.call("update_option_group", { path: { group_id }, body })),
        ...options.map(({ option_id, option_name, translations }) =>
          entry(`option-${option_id}`, option_name, null, 50, translations, (body) => shift.call("update_option", { path: { option_id }, body })),
        ),
      ]),
    },
    {
      key: "calls",
      title: words.views.calls,
      entries: items.call_items.map(({ call_item_id, label, translations }) =>
        entry(`call-${call_item_id}`, label, null, 30, translations, (body) => shift.call("update_call_item", { path: { call_item_id }, body })),
      ),
    },
  ];
  return sections.filter(({ entries }) => entries.length > 0);
}

/**
 * @param {string} key
 * @param {string} name
 * @param {string | null} description
 * @param {number} most
 * @param {Translations} translations
 * @param {(body: { translations: Translations }) => Promise<{ translations: Translations }>} save
 * @returns {Entry}
 */
const entry = (key, name, description, most, translations, save) => ({ key, name, description, most, translations, save: (changed) => save({ translations: changed }) });
