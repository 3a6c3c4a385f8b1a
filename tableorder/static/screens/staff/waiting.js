// How far an order is, and how long it has been waiting.

import { minutesSince } from "../common/time.js";
import { words } from "../words/staff/index.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").Status} Status */

const LATE = 10; // minutes
const VERY_LATE = 20;

/** What comes next. @type {Partial<Record<Status, Status>>} */
export const NEXT = { 대기중: "준비중", 준비중: "완료" };

/**
 * How old an order is, in words; `look` says how late it is.
 * @param {Order} order
 */
export function ageOf(order) {
  const minutes = minutesSince(order.order_time);
  const age = words.age(minutes);
  if (order.status === "완료" || minutes < LATE) return { text: age, look: `${minutes} fine` };
  return minutes < VERY_LATE ? { text: words.late(age), look: `${minutes} late` } : { text: words.veryLate(age), look: `${minutes} very-late` };
}
