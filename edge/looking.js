/** Keeps a page true: fetches it anew every few seconds and shows what has changed of its main part. */

const EVERY_MS = 3000;
const PATIENCE_MS = 5000;

/** Somebody types or reads a table: what they are at stays as it is. */
function busy(shown) {
  return shown.contains(document.activeElement) || shown.querySelector("details[open]") !== null;
}

async function look() {
  const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS), headers: { "X-Look": "1" } });
  if (answer.type === "opaqueredirect") return location.reload(); // the session has ended: to the sign-in page
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const shown = document.querySelector("main");
  if (!busy(shown) && fresh.outerHTML !== shown.outerHTML) shown.replaceWith(fresh);
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
