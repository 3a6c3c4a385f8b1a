// The live feed: every event once and in order, whatever the wifi does.
//
// It is fetched as a stream, because EventSource does not notice a connection that has fallen silent. After a break the next
// one resumes behind the last event that was seen; if that is too long ago the server sends `initial` anew, which replaces
// all that is shown.

import { backOff } from "./api.js";
import { noticeConnection, pause } from "./connection.js";

const SILENCE = 45_000; // ms; the server writes every 30 s, if only a comment
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
    const began = Date.now();
    const refused = await listen(api, path, last, signal, ({ id, event: type, data }) => {
      last = id ?? last;
      if (type && data && /** @type {string[]} */ (types).includes(type)) onEvent(/** @type {any} */ ({ type, data: JSON.parse(data) }));
    });
    signal.throwIfAborted();
    // The list that the feed begins with is refused for the same reason; where a token can be renewed, this renews it.
    if (refused) await api.send("GET", path.slice(0, -"/sse".length), { signal });
    if (Date.now() - began > STEADY) attempt = 0;
    await pause(1000 + backOff(attempt), signal);
  }
}

/**
 * Read one connection to its end: until the server ends it, the network is gone or nothing has come for too long.
 * @param {import("./api.js").Api} api
 * @param {string} path
 * @param {string} last the id of the last event that was seen
 * @param {AbortSignal} signal
 * @param {(fields: Fields) => void} onEvent
 * @returns {Promise<boolean>} whether the server refused it
 */
async function listen(api, path, last, signal, onEvent) {
  const over = new AbortController();
  const end = () => over.abort();
  const lose = () => {
    noticeConnection(false);
    end();
  };
  let patience = setTimeout(lose, SILENCE);
  signal.addEventListener("abort", end, { signal: over.signal });
  addEventListener("offline", lose, { signal: over.signal });
  try {
    const headers = { Authorization: `Bearer ${api.token}`, ...(last && { "Last-Event-ID": last }) };
    const response = await fetch(path, { headers, signal: over.signal }).catch(() => null);
    if (!response?.ok || !response.body) {
      noticeConnection(response !== null);
      return response !== null;
    }
    noticeConnection(true);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read().catch(() => LOST);
      clearTimeout(patience);
      if (value === undefined) {
        if (!done && !signal.aborted) noticeConnection(false);
        return false;
      }
      patience = setTimeout(lose, SILENCE);
      const events = (rest + value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) onEvent(fieldsOf(event));
    }
  } finally {
    clearTimeout(patience);
    end();
  }
}

const LOST = { done: false, value: undefined };

/** @typedef {{ id?: string, event?: string, data?: string }} Fields */

/** A line is "name: value"; one without a name is a comment. @param {string} event @returns {Fields} */
const fieldsOf = (event) => Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s, 2)));
