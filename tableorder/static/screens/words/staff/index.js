// The staff's words in their language. `words` is always the present one: read it when you show something, keep no copy.

import en from "./en.js";
import ko from "./ko.js";

const ALL = { ko, en };

/** @typedef {keyof typeof ALL} Language */
/** @typedef {import("../../types.js").AdminToken["role"]} Role */

/** @type {Record<Language, string>} */
export const LANGUAGES = { ko: "한국어", en: "English" };

export let words = ko;

/** @param {string | null} language one that we do not have is Korean */
export function speak(language) {
  const known = language !== null && language in ALL ? /** @type {Language} */ (language) : "ko";
  words = ALL[known];
  document.documentElement.lang = known;
  return known;
}

/** Whose accounts may do what somebody else has tried. @param {Role[]} roles */
export const onlyFor = (roles) => words.onlyFor(roles.map((role) => words.roles[role]).join(", "));

/** What a refusal means, and what to do. @param {import("../../common/api.js").Problem} problem */
export function explain(problem) {
  if (problem.status === 429) return words.tooMany(problem.retryAfter);
  if (problem.code === "role_not_allowed") return onlyFor(/** @type {Role[]} */ (problem.document["roles"]));
  return /** @type {Record<string, string>} */ (words.problems)[problem.code] ?? words.failed(problem.document.request_id);
}
