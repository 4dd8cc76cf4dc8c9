// A word of thanks in the invitation's place, in the language in which the shopper was spoken to; it names nobody.
// @ts-check

const SHOWN_MS = 2500;

/** @param {HTMLElement} place */
export function createThanks(place) {
  /** @type {number | undefined} */ let timer;
  const words = /** @type {HTMLElement[]} */ ([...place.querySelectorAll("[data-thanks]")]);

  function hide() {
    window.clearTimeout(timer);
    place.classList.remove("thanking");
    for (const each of words) each.hidden = true;
  }

  return {
    /** @param {string} language */
    show(language) {
      hide();
      const mine = words.find((each) => each.dataset.thanks === language) ?? words[0];
      if (!mine) return;
      mine.hidden = false;
      place.classList.add("thanking");
      timer = window.setTimeout(hide, SHOWN_MS);
    },
    hide,
  };
}
