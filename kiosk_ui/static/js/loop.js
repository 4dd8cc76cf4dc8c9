// Plays the loop item after item, for ever, and reports what it played; one that fails is passed over.
// @ts-check

const RETRY_MS = 3000;
const SHORTEST_MS = 1000;
const FADE_MS = 800; // the item that goes is seen this long after the next one came (css/loop.css)
const CUTS_IN = ["emergency", "interrupt"]; // rules whose items come and go at once, not at an item's end
const OVERLAP_MS = 60; // a video's successor starts this long before its end, so that no gap shows (UI.md 3.2)

/** @param {{prepare: (item: any) => Promise<void>, swap: () => HTMLVideoElement | null, rest: () => void}} layers
 *  @param {{playing: (item: any) => void, played: (item: any, began: number, complete: boolean) => void}} on */
export function createPlayer(layers, on) {
  /** @type {{version: string, items: any[]}} */ let loop = { version: "", items: [] };
  /** @type {typeof loop | undefined} */ let next;
  /** @type {(() => void) | undefined} */ let wake;
  /** @type {{item: any, done: Promise<boolean>} | undefined} */ let ahead;
  /** @type {any} */ let present;
  let paused = false;
  let index = 0;

  /** Wait for a time, or until `wake` is called. @param {number} ms @returns {Promise<boolean>} whether it took all that time */
  const rest = (ms) =>
    new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : window.setTimeout(() => done(true), ms);
      const done = (/** @type {boolean} */ whole) => {
        window.clearTimeout(timer);
        wake = undefined;
        resolve(whole);
      };
      wake = () => done(false);
    });

  /** Whether an item could be made ready: it may be gone, broken, or of a kind that this browser cannot play.
   *  @param {any} item */
  const ready = (item) =>
    layers.prepare(item).then(
      () => true,
      () => false,
    );

  function adopt() {
    if (!next) return;
    loop = next;
    next = undefined;
    index = 0;
  }

  /** @param {any} item @param {HTMLVideoElement | null} video */
  async function hold(item, video) {
    const began = performance.now();
    present = item;
    on.playing(item);
    const length = video && Number.isFinite(video.duration) ? video.duration * 1000 - OVERLAP_MS : Infinity;
    const wanted = item.seconds > 0 ? item.seconds * 1000 : length === Infinity ? SHORTEST_MS : length;
    const early = window.setTimeout(() => {
      const item = (next ?? loop).items[next ? 0 : index % loop.items.length];
      ahead = { item, done: ready(item) };
    }, FADE_MS);
    const complete = await rest(Math.max(SHORTEST_MS, Math.min(wanted, length)));
    window.clearTimeout(early);
    video?.pause();
    on.played(item, began, complete);
  }

  async function run() {
    let failures = 0;
    for (;;) {
      while (paused) await rest(Infinity);
      adopt();
      if (failures >= loop.items.length) {
        layers.rest();
        failures = 0;
        await rest(loop.items.length ? RETRY_MS : Infinity);
        continue;
      }
      const item = loop.items[index++ % loop.items.length];
      const early = ahead;
      ahead = undefined;
      const done = await early?.done; // awaited in any case, as two may not be made ready at once
      if (!(early?.item === item ? done : await ready(item))) {
        failures += 1;
        continue;
      }
      if (paused || next) continue; // what was told while it was made ready waits behind no whole item
      failures = 0;
      await hold(item, layers.swap());
    }
  }

  void run();
  return {
    /** Play this loop from the end of the present item on; what cuts in comes, and what was taken back goes, at once.
     *  @param {typeof loop} wanted */
    play(wanted) {
      const known = next ?? loop;
      if (wanted.version === known.version && wanted.items.length === known.items.length) return;
      next = wanted;
      const gone = !wanted.items.some((item) => item.url === present?.url);
      const cut = [wanted.items[0], gone ? present : undefined].some((item) => CUTS_IN.includes(item?.rule));
      if (!loop.items.length || cut) wake?.();
    },
    /** Stand still while a scene covers the loop. */
    pause() {
      if (paused) return;
      paused = true;
      wake?.();
    },
    resume() {
      if (!paused) return;
      paused = false;
      wake?.();
    },
  };
}
