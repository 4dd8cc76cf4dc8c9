// Shows in the mock screen what a person types and chooses in a campaign's form.
// @ts-check

/** @param {HTMLElement} form @returns {() => void} disconnect */
export function connect(form) {
  const hero = /** @type {HTMLElement | null} */ (form.querySelector(".mock .hero"));

  function mirror() {
    for (const field of form.querySelectorAll("[data-mirror]")) {
      const input = /** @type {HTMLInputElement} */ (field);
      const place = form.querySelector(`[data-scene-${input.dataset.mirror}]`);
      if (place) place.textContent = input.value;
    }
    const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-picture]:checked"));
    if (!hero) return;
    if (!chosen) hero.replaceChildren();
    else if (!hero.querySelector(`img[src="${CSS.escape(chosen.dataset.picture ?? "")}"]`))
      hero.replaceChildren(Object.assign(document.createElement("img"), { src: chosen.dataset.picture, alt: "" }));
  }

  form.addEventListener("input", mirror);
  return () => form.removeEventListener("input", mirror);
}
