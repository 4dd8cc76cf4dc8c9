// Fingers on a scene's buttons become touches; everything else that a finger can do to a page is refused.
// @ts-check

const TWICE_MS = 350; // a second tap this soon on the same button is the same tap

/** @param {HTMLElement} stage @param {(action: string, value: string, comfort?: string) => void} touched */
export function connectTouch(stage, touched) {
  const ends = new AbortController();
  /** @type {Element | null} */ let last = null;
  let at = -Infinity;

  /** @param {Event} event */
  function click(event) {
    const target = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    if (!(target instanceof HTMLElement)) return;
    if (target === last && event.timeStamp - at < TWICE_MS) return;
    last = target;
    at = event.timeStamp;
    target.classList.add("pressed");
    window.setTimeout(() => {
      target.classList.remove("pressed");
      if (last === target) last = null; // a button that is kept keeps the whole scene of which it was
    }, TWICE_MS);
    touched(target.dataset.action ?? "", target.dataset.value ?? "", target.dataset.comfort);
  }

  const refuse = (/** @type {Event} */ event) => event.preventDefault();
  stage.addEventListener("click", click, { signal: ends.signal });
  for (const kind of ["contextmenu", "dragstart", "selectstart", "wheel"]) {
    document.addEventListener(kind, refuse, { signal: ends.signal, passive: false }); // a wheel magnifies, with Ctrl
  }
  return { disconnect: () => ends.abort() };
}
