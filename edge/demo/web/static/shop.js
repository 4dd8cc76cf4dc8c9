// A counter: shows what is left, sells one at a touch, and narrows the shelf to a tag.
const LOOK_MS = 1500;
const GLOW_MS = 900;
const FEW = 3;
const HELD_MS = 2500;

const counter = document.body.dataset.counter;
const shelf = document.querySelector(".shelf");
const selling = counter === "ec" ? "/ec/buy/" : "/pos/sell/";

function show(article, count) {
  const line = article.querySelector(".left");
  const mark = count > FEW ? "◎" : count > 0 ? "△" : "×";
  line.querySelector("output").value = `${mark} ${count > 0 ? `${shelf.dataset.left} ${count}` : shelf.dataset.none}`;
  line.classList.toggle("few", count > 0 && count <= FEW);
  line.classList.toggle("none", count < 1);
  article.querySelector("[data-do=sell]").disabled = count < 1;
}

async function look() {
  try {
    const levels = await (await fetch(`/${counter}/levels`)).json();
    for (const article of shelf.children) show(article, levels[article.dataset.sku] ?? 0);
  } catch { /* asked again soon */ }
}

async function lookKept() {
  if (counter !== "pos") return;
  try {
    const kept = await (await fetch("/pos/kept")).json();
    for (const article of shelf.children) {
      const slips = kept[article.dataset.sku] ?? [];
      const line = article.querySelector(".kept");
      line.hidden = slips.length === 0;
      line.querySelector("output").value = slips.join(" ");
    }
  } catch { /* asked again soon */ }
}

async function hold(article) {
  const body = JSON.stringify({ camera: "cam-kiosk", sku: article.dataset.sku });
  try {
    await fetch("/app/hold", { method: "POST", body });
    setTimeout(() => fetch("/app/release", { method: "POST", body: JSON.stringify({ camera: "cam-kiosk" }) }), HELD_MS);
  } catch { /* the hand is touched again */ }
}

async function sell(article) {
  try {
    const answer = await fetch(selling + encodeURIComponent(article.dataset.sku), { method: "POST" });
    if (answer.ok) show(article, (await answer.json()).available);
  } catch { /* the next look tells what is left */ }
  article.classList.add("sold");
  setTimeout(() => article.classList.remove("sold"), GLOW_MS);
}

shelf.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) (button.dataset.do === "hold" ? hold : sell)(button.closest("article"));
});

for (const chip of document.querySelectorAll("[data-tag]")) {
  chip.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-tag]")) other.ariaPressed = String(other === chip);
    for (const article of shelf.children) {
      article.hidden = chip.dataset.tag !== "" && !article.dataset.tags.split(" ").includes(chip.dataset.tag);
    }
  });
}

for (const article of shelf.children) show(article, Number(article.querySelector("output").value));
setInterval(() => { look(); lookKept(); }, LOOK_MS);
lookKept();
