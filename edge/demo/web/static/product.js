// One product: buys it, has it kept or sent to the store, and says so once the shop has agreed.
const main = document.querySelector("main");
const said = main.querySelector("output");

async function ask(button) {
  button.disabled = true;
  try {
    const deed = `/ec/${button.dataset.deed}/${encodeURIComponent(main.dataset.sku)}?h=${main.dataset.handoff}`;
    const answer = await fetch(deed, { method: "POST" });
    said.value = answer.ok ? button.dataset.done : said.dataset.none;
    button.disabled = !answer.ok;
  } catch {
    button.disabled = false;
  }
}

for (const button of main.querySelectorAll("[data-deed]")) button.addEventListener("click", () => ask(button));
