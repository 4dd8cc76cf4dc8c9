// What lies over the loop: puts a scene's fragment in place, says when it was painted, and leaves nothing of it behind.
// @ts-check
import { become } from "./become.js";
import { nodes } from "./html.js";

const LONGEST_MS = 185_000; // a session lasts at most 180 s (MEMBER_CODES 6): the page ends it even if nobody tells it
const GRACE_MS = 1500; // the service ends a scene in time; the page does when it did not

/** The time, by this page's clock in ms since 1970, at which the next frame was produced. @returns {Promise<number>} */
export const painted = () =>
  new Promise((resolve) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve(performance.timeOrigin + performance.now());
      };
      port2.postMessage(0);
    }),
  );

/**
 * @param {HTMLElement} stage
 * @param {{changed: (scene: string, message: any) => void}} on
 */
export function createScene(stage, on) {
  const home = document.documentElement.lang;
  /** @type {any} */ let present = { scene: "loop", session: "" };
  let ended = ""; // the session that a finger ended here
  /** @type {number | undefined} */ let failsafe;

  /** @param {Node[]} fresh @param {string} language */
  function swap(fresh, language) {
    const old = new Map([...stage.querySelectorAll("img")].map((img) => [img.src, img]));
    stage.replaceChildren(...fresh);
    for (const img of stage.querySelectorAll("img")) {
      const decoded = old.get(img.src); // the same picture again: keep its decoded pixels, so that nothing flickers
      if (!decoded || !decoded.complete) continue;
      old.delete(img.src);
      decoded.className = img.className;
      decoded.alt = img.alt;
      img.replaceWith(decoded);
    }
    document.documentElement.lang = language;
  }

  /** What lies open now: the member's own, a product's sheet by its name. */
  const opened = () => ({
    own: stage.querySelector('[data-level="L2"]') !== null,
    sheet: stage.querySelector(".sheet h2")?.textContent ?? "",
  });

  /** The same scene, newer. @param {Node[]} fresh @param {string} language */
  function renew(fresh, language) {
    become(stage, fresh);
    document.documentElement.lang = language;
  }

  /** The movement with which a scene comes, by what was open before it. @param {ReturnType<typeof opened>} before */
  function movement(before) {
    const { own, sheet } = opened();
    if (sheet && sheet !== before.sheet) return "sheet";
    return own && !before.own ? "own" : "";
  }

  function clear() {
    window.clearTimeout(failsafe);
    const was = present.scene;
    present = { scene: "loop", session: "" };
    swap([], home);
    document.body.dataset.scene = "loop";
    if (was !== "loop") stage.dataset.move = "leave";
    on.changed("loop", present);
  }

  /** Whether it is shown: what the service still sends for a session that was ended here is not.
   *  @param {any} message */
  function show(message) {
    if (message.session && message.session === ended) return false;
    if (message.scene === "loop") {
      clear();
      return true;
    }
    window.clearTimeout(failsafe);
    const same = message.scene === present.scene && message.session === present.session;
    const still = same && message.html === present.html; // only its time is new
    present = message;
    if (!still) {
      const before = opened();
      document.body.dataset.scene = message.scene;
      (same ? renew : swap)(nodes(message.html), message.language); // a button replaced under a finger loses its tap
      stage.dataset.move = same ? movement(before) : "enter";
    }
    const left = message.seconds === null ? LONGEST_MS : message.seconds * 1000 + GRACE_MS;
    failsafe = window.setTimeout(clear, Math.min(left, LONGEST_MS));
    on.changed(message.scene, message);
    return true;
  }

  /** End the session at the touch itself, whether or not anybody can be told of it. */
  function end() {
    ended = present.session;
    clear();
  }

  stage.addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLImageElement) event.target.classList.add("missing");
    },
    true, // errors of pictures do not bubble
  );

  return { show, clear, end, present: () => present };
}
