// Who waits for staff: a number in the menu and the title of every page, a fresh list, and a sound that was asked for.
// @ts-check

const DEAF = 4; // so many times without an answer, and the page says that it hears nothing
const AGAIN_MS = 30_000; // "3 min ago" grows older by itself
const CHIME = "tentou.chime"; // in localStorage: this device was asked to sound
const LAST = "tentou.call"; // in sessionStorage: the newest call that was told

/** @param {HTMLElement} badge @returns {() => void} disconnect */
export function connect(badge) {
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-list]"));
  const title = document.title.replace(/^\(\d+\) /, "");
  const ear = new Worker("/staff/static/ear.js", { type: "module" });
  let version = badge.dataset.version ?? "";
  let missed = 0;
  let listed = performance.now();

  ear.addEventListener("message", ({ data }) => {
    missed = data ? 0 : missed + 1;
    document.querySelector("[data-deaf]")?.toggleAttribute("hidden", missed < DEAF);
    if (data) hear(data);
  });
  ear.postMessage(new URL("/staff/calls.json", location.href).href);
  tell(badge.dataset.newest ?? "");

  /** @param {{number: number, newest: string, version: number}} news */
  function hear({ number, newest, version: now }) {
    const told = /** @type {HTMLElement} */ (badge.querySelector("[data-count]"));
    told.textContent = String(number);
    badge.hidden = number === 0;
    document.title = number ? `(${number}) ${title}` : title;
    tell(newest);
    if (list && (String(now) !== version || performance.now() - listed > AGAIN_MS)) refresh(list, String(now));
  }

  /** @param {HTMLElement} list @param {string} now */
  async function refresh(list, now) {
    listed = performance.now();
    try {
      const answer = await fetch(list.dataset.list ?? "", { redirect: "error" });
      if (!answer.ok) return;
      const fresh = await answer.text();
      const focused = document.activeElement?.id ?? "";
      list.innerHTML = fresh;
      if (focused) document.getElementById(focused)?.focus();
      version = now;
    } catch {
      // asked again with the next news
    }
  }

  return () => ear.terminate();
}

/** A call that was not told yet sounds, where this device was asked to. @param {string} newest */
function tell(newest) {
  if (!newest || sessionStorage.getItem(LAST) === newest) return;
  sessionStorage.setItem(LAST, newest);
  if (localStorage.getItem(CHIME)) sound();
}

/** @type {AudioContext | undefined} */ let audio;

/** Two soft notes, and a short shake of a phone in a pocket. */
async function sound() {
  audio ??= new AudioContext();
  await audio.resume();
  for (const [after, pitch] of /** @type {const} */ ([[0, 659], [0.22, 523]])) {
    const note = new OscillatorNode(audio, { frequency: pitch });
    const loud = new GainNode(audio, { gain: 0 });
    const at = audio.currentTime + after;
    loud.gain.setValueAtTime(0, at);
    loud.gain.linearRampToValueAtTime(0.25, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.001, at + 0.9);
    note.connect(loud).connect(audio.destination);
    note.start(at);
    note.stop(at + 1);
  }
  navigator.vibrate?.([120, 80, 120]);
}

/** The switch of the sound; a browser lets a page sound only after a touch. @param {HTMLElement} button */
export function connectChime(button) {
  const show = () => button.setAttribute("aria-pressed", String(Boolean(localStorage.getItem(CHIME))));
  button.addEventListener("click", () => {
    if (localStorage.getItem(CHIME)) localStorage.removeItem(CHIME);
    else localStorage.setItem(CHIME, "1"), sound();
    show();
  });
  button.hidden = false;
  show();
}
