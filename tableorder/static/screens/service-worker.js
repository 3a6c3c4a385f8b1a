// Keeps the tablet's page, so that it opens without a connection; never an answer of the API. Each version of the files
// has a place of its own, and the one before goes once this one is whole.

const KEPT = "tableorder-{version}";
const PAGE = "tablet";
const PATIENCE = 3_000; // ms, then the kept page is shown

/** Filled in by the server. */
const FILES = "{files}".split(" ");

addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.addAll([PAGE, ...FILES]))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("tableorder-") && name !== KEPT).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  const page = new URL(PAGE, registration.scope).pathname;
  if (event.request.mode === "navigate" && pathname === page) event.respondWith(fromNetwork(event.request));
  else if (FILES.some((file) => new URL(file, registration.scope).pathname === pathname)) event.respondWith(fromKept(event.request));
});

async function fromNetwork(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

async function fromKept(request) {
  return (await caches.match(request)) ?? fetch(request);
}
