// Asks for news of calls each two seconds, in a thread of its own: browsers slow the clock of a page that lies behind.
// @ts-check

const EVERY_MS = 2000;

/** @param {string} address */
async function ask(address) {
  let news = null; // the service is away, or the session is over and a sign-in page answers
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "error" });
    if (answer.ok) news = await answer.json();
  } catch {
    // told as nothing heard
  }
  postMessage(news);
  setTimeout(() => ask(address), EVERY_MS);
}

self.addEventListener("message", (event) => ask(event.data), { once: true });
