// The page's side of the service worker: has it keep this page and the media of the present loop, nothing else.
// @ts-check
import { workerUrl } from "./html.js";

const KEEP_MS = 60_000; // a loop that is not kept by then is played from the network

/** The worker of this version once it runs, not the one of an older page. @param {string} version */
async function own(version) {
  const registration = await navigator.serviceWorker.register(workerUrl(version));
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (!worker) throw new Error("no worker");
  while (worker.state !== "activated") {
    if (worker.state === "redundant") throw new Error("replaced");
    await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  }
  return worker;
}

/** Ask the worker for something and wait for its answer.
 *  @param {ServiceWorker} worker @param {object} message @returns {Promise<any>} */
async function ask(worker, message) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const timer = window.setTimeout(() => resolve({}), KEEP_MS);
    port1.onmessage = (event) => {
      window.clearTimeout(timer);
      port1.close();
      resolve(event.data);
    };
    worker.postMessage(message, [port2]);
  });
}

/** @param {string} screen @param {string} version */
export function createKeeper(screen, version) {
  // Over plain HTTP from another machine there is no worker: the loop then lives as long as this page (UI.md 3.4).
  const able = "serviceWorker" in navigator;
  const ready = able ? own(version).catch(() => undefined) : Promise.resolve(undefined);

  return {
    /** Keep this page and its own files, so that a reload works while the service is away. */
    async page() {
      const worker = await ready;
      if (!worker) return;
      const files = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
      const mine = files.filter((path) => path.startsWith(`/static/${version}/`));
      await ask(worker, { keep: "page", version, page: location.pathname, files: [...new Set(mine)] });
    },
    /** Keep a loop's media, verified; the loop without what cannot be had whole, empty if a newer one came meanwhile.
     *  @param {any} loop */
    async loop(loop) {
      const worker = await ready;
      if (!worker) return loop;
      const { bad = [], over } = await ask(worker, { keep: "loop", screen, loop });
      return { ...loop, items: loop.items.filter((/** @type {any} */ item) => !over && !bad.includes(item.url)) };
    },
  };
}
