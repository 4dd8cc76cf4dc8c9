/** Keeps the page of stock true: fetches it anew every few seconds and shows what has changed. */

const EVERY_MS = 5000;
const PATIENCE_MS = 5000;

/** Somebody types or reads a table: what they are at stays as it is. */
function busy(shown) {
  const at = document.activeElement;
  return (at !== document.body && shown.contains(at)) || shown.querySelector("details[open]") !== null;
}

async function look() {
  const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS), headers: { "X-Look": "1" } });
  if (answer.type === "opaqueredirect") return location.reload(); // the session has ended: to the sign-in page
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("stock");
  const shown = document.getElementById("stock");
  if (!busy(shown) && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
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
