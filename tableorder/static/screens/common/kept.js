// What a screen keeps over a reload or a dead battery: JSON in localStorage. Where that is forbidden or full, the screen
// goes on without.

/**
 * @template T
 * @param {string} name
 * @returns {T | null}
 */
export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(`tableorder.${name}`) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value null forgets it
 */
export function keep(name, value) {
  try {
    if (value == null) localStorage.removeItem(`tableorder.${name}`);
    else localStorage.setItem(`tableorder.${name}`, JSON.stringify(value));
  } catch {
    // the screen works until the next reload
  }
}

/** A key for one tap, for `Idempotency-Key`. (crypto.randomUUID is only there under HTTPS.) */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
