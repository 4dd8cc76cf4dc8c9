// Asks each second which screens have confirmed that they show a campaign, until all have.
// @ts-check

const EVERY_MS = 1000;
const LATE_MS = 20_000;

/** @param {HTMLElement} element @returns {() => void} disconnect */
export function connect(element) {
  const began = performance.now();
  let timer = 0;

  async function ask() {
    let open = true;
    try {
      const answer = await fetch(element.dataset.confirm ?? "", { headers: { Accept: "application/json" } });
      if (answer.ok) open = mark((await answer.json()).screens);
    } catch {
      // the store's network is away for a moment: ask again
    }
    if (open) timer = window.setTimeout(ask, EVERY_MS);
  }

  /** @param {{id: string, shown: boolean, busy: boolean}[]} screens @returns {boolean} whether any is still awaited */
  function mark(screens) {
    const late = performance.now() - began > LATE_MS;
    for (const { id, shown, busy } of screens) {
      const row = element.querySelector(`[data-screen="${CSS.escape(id)}"]`);
      if (row) row.className = shown ? "shown" : !late ? "waiting" : busy ? "busy" : "late";
    }
    return screens.some(({ shown }) => !shown);
  }

  ask();
  return () => window.clearTimeout(timer);
}
