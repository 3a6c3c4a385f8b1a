// Has the browser keep the page, so that a tablet that is switched on without a connection still shows the menu.

/** Trusted types allow this one address as a script, and nothing else. */
const SCRIPT = "service-worker.js";

export function keepPage() {
  if (!("serviceWorker" in navigator)) return; // as without HTTPS
  const policy = window.trustedTypes?.createPolicy("tableorder", {
    createScriptURL: (address) => {
      if (address !== SCRIPT) throw new TypeError(`${address} is no script of ours`);
      return address;
    },
  });
  const script = /** @type {string} */ (/** @type {unknown} */ (policy?.createScriptURL(SCRIPT) ?? SCRIPT));
  navigator.serviceWorker.register(script).catch(() => {}); // then it is not kept
}
