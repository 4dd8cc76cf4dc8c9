// Keeps a screen's page, its files and the media of its present loop, so that it plays while the service is away.
// Nothing of a scene ever enters a cache: only what a page names in a message is kept.
// @ts-check
/// <reference lib="webworker" />

const worker = /** @type {any} */ (self);
const VERSION = new URL(worker.location.href).searchParams.get("v") ?? "";
const SHELL = `tentou-page-${VERSION}`;
const LOOP = "tentou-loop-";
const ANSWER_MS = 1500; // a service that does not answer by then is taken to be away
const LARGEST = 256 * 2 ** 20;
const ROOM = 2 * 2 ** 30; // bytes of media in all
const MOST = 200;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate" || /^\/screens\/[^/]+\/loop\.json$/.test(pathname)) {
    event.respondWith(networkFirst(request, pathname));
  } else if (pathname.startsWith("/static/") || pathname.startsWith("/media/")) {
    event.respondWith(cacheFirst(request, pathname));
  }
});

worker.addEventListener("message", (/** @type {any} */ event) => {
  const [port] = event.ports;
  const work = event.data.keep === "page" ? keepPage(event.data) : keepLoop(event.data);
  event.waitUntil(
    work.then(
      (answer) => port?.postMessage(answer),
      () => port?.postMessage({}), // no room or no network: what was kept before stays
    ),
  );
});

/** @param {Request} request @param {string} path */
async function networkFirst(request, path) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status < 500) return answer;
  } catch {
    // away: fall through to what is kept
  }
  return (await caches.match(path)) ?? Response.error();
}

/** @param {Request} request @param {string} path */
async function cacheFirst(request, path) {
  const kept = await caches.match(path);
  if (!kept) return fetch(request);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  return range ? part(kept, Number(range[1]), range[2]) : kept;
}

/** A slice of a kept video. @param {Response} kept @param {number} from @param {string} upTo */
async function part(kept, from, upTo) {
  const whole = await kept.blob();
  const to = Math.min(upTo === "" ? whole.size - 1 : Number(upTo), whole.size - 1);
  const headers = {
    "Content-Type": kept.headers.get("Content-Type") ?? "video/mp4",
    "Content-Range": `bytes ${from}-${to}/${whole.size}`,
    "Content-Length": String(to - from + 1),
  };
  return new Response(whole.slice(from, to + 1), { status: 206, headers });
}

/** @param {{version: string, page: string, files: string[]}} wanted */
async function keepPage({ version, page, files }) {
  if (version !== VERSION) return {};
  const answer = await fetch(page, { cache: "no-cache" });
  const html = await answer.clone().text();
  if (!answer.ok || !html.includes(`data-version="${VERSION}"`)) return {};
  const cache = await caches.open(SHELL);
  const missing = [];
  for (const file of files) if (!(await cache.match(file))) missing.push(file);
  await cache.addAll(missing);
  await cache.put(page, answer); // last, so that a page is never kept without its files
  for (const name of await caches.keys()) {
    if (name.startsWith("tentou-page-") && name !== SHELL) await caches.delete(name);
  }
  return { kept: true };
}

/** The loop that each screen asked for last. @type {Map<string, object>} */ const newest = new Map();

/** One whose film comes slowly gives way to the next, which may be whole sooner.
 *  @param {{screen: string, loop: {version: string, items: any[]}}} wanted */
async function keepLoop({ screen, loop }) {
  newest.set(screen, loop);
  const over = () => newest.get(screen) !== loop;
  const cache = await caches.open(LOOP + screen);
  const bad = [];
  let room = ROOM;
  for (const item of loop.items.slice(0, MOST)) {
    const kept = await cache.match(item.url);
    const answer = kept ?? (await whole(item));
    if (over()) return { over: true };
    if (!answer) {
      bad.push(item.url);
      continue;
    }
    room -= Number(answer.headers.get("X-Size"));
    if (!kept && room >= 0) await cache.put(item.url, answer);
  }
  if (bad.length === loop.items.length) return { bad }; // nothing of it is whole: what was kept before stays
  if (over()) return { over: true };
  const list = `/screens/${screen}/loop.json`;
  await cache.put(list, Response.json(loop));
  const wanted = new Set([list, ...loop.items.map((item) => item.url)]);
  for (const { url } of await cache.keys()) {
    if (over()) return { over: true };
    const path = new URL(url).pathname;
    if (!wanted.has(path)) await cache.delete(path);
  }
  return { bad };
}

/** A file in one piece, of the promised hash, or nothing. @param {{url: string, sha256: string}} item */
async function whole({ url, sha256 }) {
  const answer = await fetch(url);
  if (!answer.ok || Number(answer.headers.get("Content-Length") ?? 0) > LARGEST) return undefined;
  const body = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (sha256 && hex !== sha256) return undefined;
  const headers = { "Content-Type": answer.headers.get("Content-Type") ?? "", "X-Size": String(body.byteLength) };
  return new Response(body, { headers });
}
