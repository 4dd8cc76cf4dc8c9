// The start page: scales the screen into its frame, shows what the camera sees, counts what head office has, and
// opens the QR that the screen draws as a phone would.
const LENS_MS = 200;
const COUNT_MS = 1000;
const RETRY_MS = 400;
const HELD_MS = 2500;
const SCREEN_WIDTH = 1920;

function scaled(box) {
  new ResizeObserver(([entry]) => {
    box.style.setProperty("--scale", String(entry.contentRect.width / SCREEN_WIDTH));
  }).observe(box);
}

async function opened(frame) {
  for (;;) {
    try {
      if ((await (await fetch("/screens-up")).json()).up) break;
    } catch { /* the world is starting again */ }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
  frame.src = frame.dataset.src;
}

function filmed(picture) {
  let number = 0;
  const next = () => setTimeout(() => { picture.src = `${picture.dataset.src}?n=${++number}`; }, LENS_MS);
  picture.addEventListener("load", next);
  picture.addEventListener("error", next);
  next();
}

async function counted(total, kinds) {
  try {
    const counts = await (await fetch("/counts")).json();
    total.value = Object.values(counts).reduce((sum, each) => sum + each, 0);
    kinds.replaceChildren(...Object.entries(counts).flatMap(([kind, count]) => {
      const name = document.createElement("dt");
      const figure = document.createElement("dd");
      name.textContent = kinds.dataset[kind] ?? kind;
      figure.textContent = count;
      return [name, figure];
    }));
  } catch { /* asked again in a second */ }
  setTimeout(() => counted(total, kinds), COUNT_MS);
}

async function drawn(button, frame) {
  try {
    button.dataset.url = (await (await fetch("/drawn")).json()).url;
    button.hidden = button.dataset.url === "" || button.dataset.url === button.dataset.read;
  } catch { /* asked again in a second */ }
  setTimeout(() => drawn(button, frame), COUNT_MS);
}

function read(button, frame) {
  button.addEventListener("click", () => {
    frame.src = button.dataset.read = button.dataset.url;
    button.hidden = true;
  });
  drawn(button, frame);
}

async function held(sku) {
  try {
    await fetch("/app/hold", { method: "POST", body: JSON.stringify({ camera: "cam-kiosk", sku }) });
    setTimeout(() => fetch("/app/release", { method: "POST", body: JSON.stringify({ camera: "cam-kiosk" }) }), HELD_MS);
  } catch { /* the world is starting again: it is touched again */ }
}

for (const button of document.querySelectorAll(".tries button")) {
  button.addEventListener("click", () => held(button.dataset.sku));
}

const screen = document.querySelector(".screen");
scaled(screen);
opened(screen.querySelector("iframe"));
filmed(document.querySelector(".lens"));
read(document.querySelector("#read"), document.querySelector(".online iframe"));
counted(document.querySelector("#total"), document.querySelector("#kinds"));
