// The sound of a call, on a device that was asked to sound and in a browser that lets it.
// @ts-check

const CHIME = "tentou.chime"; // in localStorage: this device was asked to sound
const TOUCHES = /** @type {const} */ (["pointerup", "touchend", "keydown"]);

/** @type {AudioContext | undefined} */ let audio;
let touched = false;
let begun = false;

const asked = () => Boolean(localStorage.getItem(CHIME));

/** Whether the browser lets this page sound: not before a touch, of it or of the page of ours that led here. */
function allowed() {
  const policy = /** @type {{getAutoplayPolicy?: (of: string) => string}} */ (navigator).getAutoplayPolicy;
  return touched || navigator.userActivation?.hasBeenActive || policy?.call(navigator, "audiocontext") === "allowed";
}

/** The page asks for a touch while it is to sound and cannot. */
function show() {
  document.querySelector("[data-hush]")?.toggleAttribute("hidden", !asked() || audio?.state === "running");
}

/** Opens the sound where that is allowed; elsewhere nothing is tried, as browsers refuse it with a complaint. */
function open() {
  if (asked() && allowed()) {
    if (!audio) {
      audio = new AudioContext();
      audio.addEventListener("statechange", show);
    }
    if (audio.state !== "running") audio.resume().catch(show);
  }
  show();
}

/** Follows what lets a page sound: touches, and its coming back to the front. @returns {() => void} disconnect */
export function connect() {
  const touch = () => {
    touched = true;
    open();
  };
  for (const kind of TOUCHES) addEventListener(kind, touch);
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    for (const kind of TOUCHES) removeEventListener(kind, touch);
    document.removeEventListener("visibilitychange", open);
  };
}

/** Two soft notes, and a short shake of a phone in a pocket, where this device was asked to sound. */
export async function sound() {
  open();
  if (!audio || !asked() || begun) return;
  begun = true; // one that only a touch lets go sounds once then, whatever came meanwhile
  const goes = await audio.resume().then(
    () => true,
    () => false, // a telephone call holds the sound, say: the next call is to sound again
  );
  begun = false;
  if (!goes) return show();
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

/** The switch of the sound, which is a touch itself. @param {HTMLElement} button */
export function connectSwitch(button) {
  const turn = () => button.setAttribute("aria-pressed", String(asked()));
  button.addEventListener("click", () => {
    if (asked()) localStorage.removeItem(CHIME);
    else localStorage.setItem(CHIME, "1");
    touched = true;
    sound();
    turn();
  });
  button.hidden = false;
  turn();
}
