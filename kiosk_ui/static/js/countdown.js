// The ring that shows how long a scene stays, and its number.
// @ts-check

const TICK_MS = 200;

/** @param {HTMLElement} stage */
export function createCountdown(stage) {
  /** @type {number | undefined} */ let timer;
  let ends = 0;
  let limit = 1;

  function draw() {
    const left = Math.max(0, ends - performance.now()) / 1000;
    for (const ring of /** @type {NodeListOf<HTMLElement>} */ (stage.querySelectorAll("[data-ring]"))) {
      ring.style.setProperty("--left", String(Math.min(1, left / limit)));
      const number = ring.firstElementChild;
      const text = String(Math.ceil(left));
      if (number && number.textContent !== text) number.textContent = text;
    }
  }

  function stop() {
    window.clearInterval(timer);
    timer = undefined;
  }

  return {
    /** @param {number | null} seconds @param {number | null} whole */
    start(seconds, whole) {
      stop();
      if (seconds === null) return;
      ends = performance.now() + seconds * 1000;
      limit = whole || seconds || 1;
      draw();
      timer = window.setInterval(draw, TICK_MS);
    },
    stop,
  };
}
