// The office's own words, beside those that all staff share.

import en from "./en.js";
import ko from "./ko.js";

/** In the language that is spoken now. */
export const office = () => (document.documentElement.lang === "en" ? en : ko);
