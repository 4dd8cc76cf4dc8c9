/** Keeps the page of the ledger true: fetches it anew every few seconds and shows what has changed. */

const EVERY_MS = 3000;
const PATIENCE_MS = 5000;

async function look() {
  const answer = await fetch(location.pathname, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS), headers: { "X-Look": "1" } });
  if (answer.type === "opaqueredirect") return location.reload(); // the session has ended: to the sign-in page
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("why");
  const shown = document.getElementById("why");
  if (fresh.innerHTML !== shown.innerHTML && !shown.contains(document.activeElement)) shown.replaceWith(fresh);
}

async function keepLooking() {
  try {
    await look();
    document.getElementById("lost").hidden = true;
  } catch (error) {
    console.info(String(error));
    document.getElementById("lost").hidden = false;
  }
  setTimeout(keepLooking, EVERY_MS);
}

setTimeout(keepLooking, EVERY_MS);
