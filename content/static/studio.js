// Connects each part of a page to its behaviour; a page works without any of them, only with more taps.
// @ts-check
import { connect as frames } from "./frames.js";
import { connect as upload } from "./upload.js";
import { connect as confirm } from "./confirm.js";
import { connect as products } from "./products.js";
import { connect as editor } from "./editor.js";
import { connect as hold } from "./hold.js";
import { connect as calls } from "./calls.js";
import { connectSwitch as chime } from "./chime.js";

const PARTS = /** @type {const} */ ([
  ["[data-loop]", frames],
  ["[data-upload]", upload],
  ["[data-confirm]", confirm],
  ["[data-products]", products],
  ["[data-editor]", editor],
  ["[data-hold]", hold],
  ["[data-calls]", calls],
  ["[data-chime]", chime],
]);

for (const [selector, connect] of PARTS) {
  for (const element of document.querySelectorAll(selector)) connect(/** @type {HTMLElement} */ (element));
}
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => /** @type {HTMLFormElement} */ (form).requestSubmit());
}

// A double tap is one press; a page that comes back from the browser's memory may be pressed again.
/** @type {Set<EventTarget | null>} */
const sent = new Set();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || /** @type {HTMLFormElement} */ (event.target).method !== "post") return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
window.addEventListener("pageshow", () => sent.clear());
