// The guests' words in their language. `words` is always the present one: read it when you show something, keep no copy.

import en from "./en.js";
import ja from "./ja.js";
import ko from "./ko.js";
import zh from "./zh.js";

const ALL = { ko, en, ja, zh };

/** @typedef {keyof typeof ALL} Language */

/** @type {Record<Language, string>} */
export const LANGUAGES = { ko: "한국어", en: "English", ja: "日本語", zh: "中文" };

export let words = ko;

/** The language tag (BCP 47) that the menu is asked for in. */
export let languageTag = "ko";

/** @param {string | null} language one that we do not have is Korean */
export function speak(language) {
  const known = language !== null && language in ALL ? /** @type {Language} */ (language) : "ko";
  words = ALL[known];
  languageTag = known === "zh" ? "zh-Hans" : known;
  document.documentElement.lang = known;
  return known;
}
