// How this page is: figures for the health page, and whether it has grown so much that it should begin afresh.
// @ts-check

const MOST_HEAP = 300 * 2 ** 20; // bytes; a day of scenes and a loop of films keep it below a tenth of this
const MOST_NODES = 5000; // a scene has some 300
const HOUR_MS = 3_600_000;

/** @param {number} dropped video frames of this page that were not shown */
export function vitals(dropped) {
  const memory = /** @type {any} */ (performance).memory; // Chromium's own
  return {
    w: window.innerWidth,
    h: window.innerHeight,
    heap: memory?.usedJSHeapSize ?? 0,
    nodes: document.getElementsByTagName("*").length,
    dropped,
    visible: document.visibilityState === "visible",
  };
}

/** Whether a page of this age in ms should begin afresh: once an hour at most, as it is as old as its last reload.
 *  @param {{heap: number, nodes: number}} figures @param {number} age */
export const swollen = ({ heap, nodes }, age) => age > HOUR_MS && (heap > MOST_HEAP || nodes > MOST_NODES);
