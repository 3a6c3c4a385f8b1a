// Times as the restaurant reads them. The API writes them with the restaurant's offset, so its clock can be read off.

/** 18:05 @param {string} moment RFC 3339 */
export const clockTime = (moment) => moment.slice(11, 16);

/** 2026-02-04 18:05 @param {string} moment */
export const dayAndTime = (moment) => `${moment.slice(0, 10)} ${clockTime(moment)}`;

/** How much the server's clock is ahead of ours, in ms. */
let ahead = 0;

/** @param {string | null} date the header Date of an answer that has just come */
export function setClock(date) {
  const theirs = Date.parse(date ?? "");
  if (theirs) ahead = theirs - Date.now();
}

/**
 * When a moment to come is: 11:00, or Mon 11:00 if it is not today.
 * @param {string} moment
 * @param {string} language
 */
export function timeToCome(moment, language) {
  const day = moment.slice(0, 10);
  const isToday = Date.now() + ahead >= Date.parse(`${day}T00:00:00${moment.slice(-6)}`);
  const weekday = new Date(`${day}T00:00:00Z`).toLocaleDateString(language, { weekday: "short", timeZone: "UTC" });
  return isToday ? clockTime(moment) : `${weekday} ${clockTime(moment)}`;
}

/** How many whole minutes ago that was. @param {string} moment */
export function minutesSince(moment) {
  return Math.max(0, Math.floor((Date.now() + ahead - Date.parse(moment)) / 60_000));
}
