// What lies over the loop: puts a scene's fragment in place, says when it was painted, and leaves nothing of it behind.
// @ts-check
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
  let present = { scene: "loop", session: "" };
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

  function clear() {
    window.clearTimeout(failsafe);
    const was = present.scene;
    present = { scene: "loop", session: "" };
    swap([], home);
    document.body.dataset.scene = "loop";
    stage.dataset.move = was === "loop" ? "" : "leave";
    on.changed("loop", present);
  }

  /** @param {any} message */
  function show(message) {
    if (message.scene === "loop") return clear();
    window.clearTimeout(failsafe);
    const same = message.scene === present.scene && message.session === present.session;
    const still = same && message.html === /** @type {any} */ (present).html; // only its time is new
    present = message;
    if (!still) {
      stage.dataset.move = same ? "" : "enter";
      document.body.dataset.scene = message.scene;
      swap(nodes(message.html), message.language); // a button replaced under a finger would lose its tap
    }
    const left = message.seconds === null ? LONGEST_MS : message.seconds * 1000 + GRACE_MS;
    failsafe = window.setTimeout(clear, Math.min(left, LONGEST_MS));
    on.changed(message.scene, message);
  }

  stage.addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLImageElement) event.target.classList.add("missing");
    },
    true, // errors of pictures do not bubble
  );

  return { show, clear, session: () => present.session };
}
