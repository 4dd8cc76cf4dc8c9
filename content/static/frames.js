// Plays a frame's items one after another, each for its own seconds, as the screen itself does.
// @ts-check

const SHORTEST_S = 2;

/** @param {HTMLElement} glass @returns {() => void} disconnect */
export function connect(glass) {
  const items = [...glass.querySelectorAll(".item")].map((item) => /** @type {HTMLElement} */ (item));
  let timer = 0;
  let index = 0;

  function play() {
    items.forEach((item, number) => item.classList.toggle("on", number === index));
    const item = items[index];
    if (item instanceof HTMLVideoElement) item.play().catch(() => undefined);
    const seconds = Math.max(SHORTEST_S, Number(item.dataset.seconds));
    index = (index + 1) % items.length;
    timer = window.setTimeout(play, seconds * 1000);
  }

  if (items.length > 1 || items[0] instanceof HTMLVideoElement) play();
  return () => window.clearTimeout(timer);
}
