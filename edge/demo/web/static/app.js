// The member's app: draws the code that the phone has now, and holds it up to a camera or takes it away.
const LOOK_MS = 500;

const pick = (name) => document.querySelector(`input[name="${name}"]:checked`).value;
const member = document.querySelector("#member");
const code = document.querySelector("#code");
const bar = document.querySelector("#bar");
const left = document.querySelector("#left");
const button = document.querySelector("#hold");
const state = document.querySelector("#state");
let drawn = "";
let held = [];

function draw(now) {
  if (now.svg !== drawn) {
    drawn = now.svg;
    const made = new DOMParser().parseFromString(now.svg, "image/svg+xml").documentElement;
    code.replaceChildren(document.importNode(made, true));
  }
  bar.max = now.period;
  bar.value = now.left;
  left.textContent = now.rotates ? `${Math.ceil(now.left)} ${left.dataset.suffix}` : left.dataset.still;
  held = now.held;
  button.classList.toggle("held", held.length > 0);
  button.textContent = held.length ? button.dataset.release : button.dataset.hold;
  state.textContent = held.length ? state.dataset.held : state.dataset.free;
}

async function look() {
  const query = new URLSearchParams({ member: member.value, variant: pick("variant") });
  try {
    draw(await (await fetch(`/app/code?${query}`)).json());
  } catch {
    state.textContent = state.dataset.away;
    left.textContent = ""; // no new code comes while nobody answers
    bar.value = 0;
  }
}

async function send(path, body) {
  try {
    await fetch(path, { method: "POST", body: JSON.stringify(body) });
  } catch {
    state.textContent = state.dataset.away;
  }
  await look();
}

button.addEventListener("click", () => held.length
  ? send("/app/release", {})
  : send("/app/hold", { camera: pick("camera"), member: member.value, variant: pick("variant") }));

// A hand that shows another code or another member's phone has put the first one away.
for (const each of [member, ...document.querySelectorAll("input[type=radio]")]) {
  each.addEventListener("change", () => send("/app/release", {}));
}

look();
setInterval(look, LOOK_MS);
