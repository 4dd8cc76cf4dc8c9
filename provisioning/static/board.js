/** Keeps the dashboard true: asks for the state every two seconds and changes only what changed. */

const EVERY_MS = 2000;
const PATIENCE_MS = 5000;
const ICONS = new URL("icons.svg", import.meta.url).pathname;

const board = document.getElementById("board");
const groups = document.getElementById("groups");
const lost = document.getElementById("lost");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });
const moment = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });

let somebody = true;
let answered = new Date();

/** Sets a text only where it differs, so that a reader's selection and focus stay. */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The child that stands for `id`, made from a template if it is new, moved to its place. */
function childFor(parent, id, template, place) {
  let child = [...parent.children].find((one) => one.dataset.id === id);
  if (!child) {
    child = document.getElementById(template).content.firstElementChild.cloneNode(true);
    child.dataset.id = id;
  }
  if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  return child;
}

/** Takes away what the last answer no longer names. */
function trim(parent, count) {
  while (parent.children.length > count) parent.lastElementChild.remove();
}

function showFigures(list, figures) {
  const key = JSON.stringify(figures.map((figure) => figure.name));
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...figures.map((figure) => {
      const row = document.createElement("div");
      row.append(document.createElement("dt"), document.createElement("dd"));
      row.firstChild.textContent = figure.name;
      return row;
    }));
  }
  figures.forEach((figure, place) => put(list.children[place].lastChild, figure.value));
}

function showPart(card, part) {
  card.id = part.id;
  card.dataset.state = part.state;
  const time = card.querySelector("time");
  put(card.querySelector("h3"), part.name);
  put(card.querySelector(".label"), part.label);
  put(card.querySelector(".state span"), part.word);
  put(time, part.since);
  time.dateTime = part.since_iso;
  time.title = moment.format(new Date(part.since_iso));
  showFigures(card.querySelector("dl"), part.figures);
  put(card.querySelector(".detail"), part.detail);
  put(card.querySelector(".advice"), part.advice);
  put(card.querySelector(".technical"), part.todo);
  const link = card.querySelector(".more a");
  link.parentElement.hidden = !part.page;
  put(link, part.link);
  if (part.page && link.getAttribute("href") !== part.page) link.href = part.page;
  card.querySelector(".todo").hidden = !(part.advice || part.todo);
}

function showGroup(section, group) {
  put(section.querySelector("h2 span"), group.title);
  section.querySelector("use").setAttribute("href", `${ICONS}#${group.id}`);
  const cards = section.querySelector(".cards");
  group.parts.forEach((part, place) => showPart(childFor(cards, part.id, "part", place), part));
  trim(cards, group.parts.length);
}

function show(state) {
  board.dataset.state = state.summary.state;
  put(document.getElementById("summary"), state.summary.text);
  put(document.getElementById("working"), state.summary.working);
  document.getElementById("down").replaceChildren(...state.summary.down.map((part) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#${encodeURIComponent(part.id)}`;
    link.textContent = part.name;
    item.append(link);
    return item;
  }));
  state.groups.forEach((group, place) => showGroup(childFor(groups, group.id, "group", place), group));
  trim(groups, state.groups.length);
}

async function ask() {
  const address = somebody ? "/it/state.json?seen=1" : "/it/state.json";
  somebody = false;
  const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.type === "opaqueredirect") return location.reload(); // the session has ended: to the sign-in page
  if (!answer.ok) throw new Error(`state.json answered ${answer.status}`);
  show(await answer.json());
  answered = new Date();
  put(document.getElementById("checked"), clock.format(answered));
}

async function keepAsking() {
  try {
    await ask();
    lost.hidden = true;
    delete board.dataset.lost;
  } catch (error) {
    console.info(String(error));
    lost.hidden = false;
    board.dataset.lost = "";
    put(lost.querySelector("time"), clock.format(answered));
  }
  setTimeout(keepAsking, EVERY_MS);
}

for (const kind of ["pointerdown", "pointermove", "keydown"]) {
  addEventListener(kind, () => { somebody = true; }, { passive: true });
}
keepAsking();
