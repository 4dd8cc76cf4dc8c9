// Contrast, larger words, reach: what whoever stands here chose, kept in this page until their session ends and nowhere else.
// @ts-check

const PANEL = "panel"; // the panel of choices is open; not a choice itself

/** @param {HTMLElement} stage */
export function createComfort(stage) {
  const root = document.documentElement;
  const asked = window.matchMedia("(prefers-contrast: more)"); // by the browser's own setting
  /** @type {Set<string>} */ const chosen = new Set();
  let session = "";

  function apply() {
    root.dataset.comfort = [...chosen].join(" ");
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (stage.querySelectorAll("[data-comfort]"))) {
      const name = button.dataset.comfort ?? "";
      button.setAttribute(name === PANEL ? "aria-expanded" : "aria-pressed", String(chosen.has(name)));
    }
  }

  function reset() {
    chosen.clear();
    if (asked.matches) chosen.add("contrast");
  }

  reset();
  apply();
  return {
    /** A finger chose something, or touched anything else, which closes the panel. @param {string} [name] */
    touched(name) {
      if (name === undefined) chosen.delete(PANEL);
      else if (!chosen.delete(name)) chosen.add(name);
      apply();
    },
    /** A scene was put on the stage: its buttons say what is chosen, and another session begins without choices.
     *  @param {{session: string}} message */
    shown(message) {
      if (message.session !== session) reset();
      session = message.session;
      apply();
    },
  };
}
