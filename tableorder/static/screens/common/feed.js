// The live feed: every event once and in order, whatever the wifi does.
//
// A connection is opened with a ticket, because EventSource cannot send a token. After a break the next one resumes behind the
// last event that was seen; if that is too long ago the server sends `initial` anew, which replaces all that is shown.

import { Problem, backOff } from "./api.js";
import { noticeConnection, pause } from "./connection.js";

const LATER = 15_000; // ms after a fault of the server
const STEADY = 5_000; // ms; a connection that held for so long was a good one

/**
 * Follow a feed until `signal` ends it, or until the server refuses it for good: then the Problem is thrown.
 * @template E
 * @param {import("./api.js").Api} api
 * @param {"/api/v1/admin/orders/sse" | "/api/v1/customer/orders/sse"} path
 * @param {(keyof E & string)[]} types
 * @param {(event: import("../types.js").EventOf<E>) => void} onEvent
 * @param {AbortSignal} signal
 */
export async function follow(api, path, types, onEvent, signal) {
  let last = "";
  for (let attempt = 0; ; attempt++) {
    const ticket = await askForTicket(api, path, signal);
    if (!ticket) continue;
    const began = Date.now();
    const opened = await listen(`${path}?${new URLSearchParams({ ticket, last_event_id: last })}`, types, signal, (type, event) => {
      last = event.lastEventId;
      onEvent(/** @type {any} */ ({ type, data: JSON.parse(event.data) }));
    });
    signal.throwIfAborted();
    // EventSource does not say why it was refused. The list that the feed begins with is refused for the same reason.
    if (!opened) await api.send("GET", path.slice(0, -"/sse".length), { signal });
    if (Date.now() - began > STEADY) attempt = 0;
    await pause(1000 + backOff(attempt), signal);
  }
}

/**
 * A ticket, or null if the server has a fault just now; then it is not the client that should give up.
 * @param {import("./api.js").Api} api
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>}
 */
async function askForTicket(api, path, signal) {
  try {
    return (await api.send("POST", `${path}/ticket`, { signal })).ticket;
  } catch (error) {
    if (!(error instanceof Problem) || error.status < 500) throw error;
    await pause(LATER, signal);
    return null;
  }
}

/**
 * Open one connection; once it is over, whether it was ever open.
 * @param {string} address
 * @param {string[]} types
 * @param {AbortSignal} signal
 * @param {(type: string, event: MessageEvent<string>) => void} onEvent
 * @returns {Promise<boolean>}
 */
function listen(address, types, signal, onEvent) {
  return new Promise((resolve) => {
    const source = new EventSource(address);
    let opened = false;
    const close = () => {
      source.close();
      signal.removeEventListener("abort", close);
      removeEventListener("offline", lose);
      resolve(opened);
    };
    const lose = () => {
      noticeConnection(false);
      close();
    };
    signal.addEventListener("abort", close);
    addEventListener("offline", lose);
    source.onerror = lose;
    source.onopen = () => {
      opened = true;
      noticeConnection(true);
    };
    source.addEventListener("goodbye", close);
    for (const type of types) source.addEventListener(type, (event) => onEvent(type, event));
  });
}
