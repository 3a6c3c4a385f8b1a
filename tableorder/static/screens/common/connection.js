// Whether the server can be reached, as far as the calls and the feed have noticed.

/** @type {Set<(reachable: boolean) => void>} */
const listeners = new Set();

let reachable = true;

/** @param {boolean} now */
export function noticeConnection(now) {
  if (now === reachable) return;
  reachable = now;
  for (const listener of listeners) listener(now);
}

/** @param {(reachable: boolean) => void} listener */
export function onConnection(listener) {
  listeners.add(listener);
}

/**
 * Wait, but not after the network has come back.
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends the waiting with an error
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve(undefined);
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal?.addEventListener("abort", done);
  });
}
