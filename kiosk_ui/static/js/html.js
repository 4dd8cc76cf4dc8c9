// Markup from the service, and the address of our worker, through the one Trusted Types policy that the page allows.
// @ts-check

const WORKER = "/screens/sw.js?v=";

/** @type {any} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("tentou", {
  createHTML: (/** @type {string} */ text) => text,
  createScriptURL: (/** @type {string} */ url) => {
    if (!url.startsWith(WORKER)) throw new TypeError("only our own worker");
    return url;
  },
});

/** The address of the service worker of a version. @param {string} version */
export const workerUrl = (version) => policy?.createScriptURL(WORKER + version) ?? WORKER + version;

/**
 * A scene's fragment as nodes: the service escaped every value, and here scripts and handlers are dropped once more.
 * @param {string} html
 */
export function nodes(html) {
  const box = /** @type {any} */ (document.createElement("div"));
  if (box.setHTML) {
    // The lists are empty so that class, id, img and button stay; unsafe parts go in any case (UI.md 6).
    box.setHTML(html, { sanitizer: { removeElements: [], removeAttributes: [] } });
    return [...box.childNodes];
  }
  const parsed = new DOMParser().parseFromString(policy?.createHTML(html) ?? html, "text/html");
  parsed.querySelectorAll("script, iframe, object, embed").forEach((node) => node.remove());
  return [...parsed.body.childNodes].map((node) => document.adoptNode(node));
}
