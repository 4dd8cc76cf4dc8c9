// Who waits for staff: a number in the menu and the title of every page, a fresh list, and a sound for who is new.
// @ts-check
import { connect as connectChime, sound } from "./chime.js";

const DEAF = 4; // so many times without an answer, and the page says that it hears nothing
const AGAIN_MS = 30_000; // "3 min ago" grows older by itself
const STILL_MS = 500; // a tap so soon after the list moved was meant for what stood there before
const TOLD = "tentou.calls"; // in sessionStorage: the calls that were told
const MOST_TOLD = 1000; // twice as many as a store keeps

/** @param {HTMLElement} badge @returns {() => void} disconnect */
export function connect(badge) {
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-list]"));
  const title = document.title.replace(/^\(\d+\) /, "");
  const ear = new Worker("/staff/static/ear.js", { type: "module" });
  const hush = connectChime();
  let version = badge.dataset.version ?? "";
  let missed = 0;
  let listed = performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let still;

  ear.addEventListener("message", ({ data }) => {
    missed = data ? 0 : missed + 1;
    document.querySelector("[data-deaf]")?.toggleAttribute("hidden", missed < DEAF);
    if (data) hear(data);
  });
  ear.postMessage(new URL("/staff/calls.json", location.href).href);
  tell((badge.dataset.keys ?? "").split(" ").filter(Boolean));
  list?.addEventListener("submit", (event) => press(list, event));

  /** @param {{number: number, keys: string[], version: number}} news */
  function hear({ number, keys, version: now }) {
    const told = /** @type {HTMLElement} */ (badge.querySelector("[data-count]"));
    told.textContent = String(number);
    badge.hidden = number === 0;
    document.title = number ? `(${number}) ${title}` : title;
    tell(keys);
    if (list && (String(now) !== version || performance.now() - listed > AGAIN_MS)) refresh(list, String(now));
  }

  /** @param {HTMLElement} list @param {string} now @returns {Promise<boolean>} whether it is fresh */
  async function refresh(list, now) {
    listed = performance.now();
    try {
      const answer = await fetch(list.dataset.list ?? "", { redirect: "error" });
      if (!answer.ok) return false;
      put(list, await answer.text());
      version = now;
      return true;
    } catch {
      return false; // asked again with the next news
    }
  }

  /** @param {HTMLElement} list @param {string} fresh */
  function put(list, fresh) {
    const focused = document.activeElement?.id ?? "";
    const before = order(list);
    list.innerHTML = fresh;
    if (order(list) !== before) settle(list);
    const other = focused.replace(/^(done|back)-/, (_, was) => (was === "done" ? "back-" : "done-"));
    const button = document.getElementById(focused) ?? document.getElementById(other);
    if (focused) button?.focus({ preventScroll: true });
  }

  /** Takes no tap for a moment. @param {HTMLElement} list */
  function settle(list) {
    list.toggleAttribute("data-moving", true);
    clearTimeout(still);
    still = setTimeout(() => list.removeAttribute("data-moving"), STILL_MS);
  }

  /** The list stays where it is and the sound stays open, as no other page is loaded. @param {HTMLElement} list @param {SubmitEvent} event */
  async function press(list, event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (event.submitter);
    const body = new URLSearchParams({ key: form.key.value, [button.name]: button.value });
    settle(list);
    const sent = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => undefined);
    if (sent?.type !== "opaqueredirect" || !(await refresh(list, version))) location.reload();
  }

  return () => {
    ear.terminate();
    hush();
  };
}

/** In which order the calls stand. @param {HTMLElement} list */
const order = (list) => [...list.querySelectorAll("[name=key]")].map((each) => /** @type {HTMLInputElement} */ (each).value).join();

/** Calls that were not told yet sound. @param {string[]} keys of all that wait */
function tell(keys) {
  const told = new Set(JSON.parse(sessionStorage.getItem(TOLD) ?? "[]"));
  const fresh = keys.filter((key) => !told.has(key));
  if (fresh.length === 0) return;
  sessionStorage.setItem(TOLD, JSON.stringify([...told, ...fresh].slice(-MOST_TOLD)));
  sound();
}
