// Holds what a person typed: no press sends it into a session that has ended, Enter publishes nothing, leaving asks.
// @ts-check

const PROBE = "/staff/products.json?q=-";

/** @param {HTMLElement} element @returns {() => void} disconnect */
export function connect(element) {
  const form = /** @type {HTMLFormElement} */ (element);
  const notice = /** @type {HTMLElement} */ (form.querySelector("[data-ended]"));
  let changed = false;
  let asking = false;
  let sending = false;

  function touch() {
    changed = true;
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    if (sending) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    notice.hidden = await signedIn();
    asking = false;
    if (!notice.hidden) return;
    sending = true;
    changed = false;
    form.requestSubmit(event.submitter);
    sending = false;
  }

  /** @param {KeyboardEvent} event */
  function entered(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.key === "Enter" && target instanceof HTMLInputElement) event.preventDefault();
  }

  /** @param {BeforeUnloadEvent} event */
  function leaving(event) {
    if (changed) event.preventDefault();
  }

  form.addEventListener("input", touch);
  form.addEventListener("submit", submit);
  form.addEventListener("keydown", entered);
  window.addEventListener("beforeunload", leaving);
  return () => {
    form.removeEventListener("input", touch);
    form.removeEventListener("submit", submit);
    form.removeEventListener("keydown", entered);
    window.removeEventListener("beforeunload", leaving);
  };
}

/** @returns {Promise<boolean>} false only if the edge answered and asked for a sign-in */
async function signedIn() {
  try {
    return !(await fetch(PROBE)).redirected;
  } catch {
    return true;
  }
}
