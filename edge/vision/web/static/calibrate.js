// IT's page of one camera: what it sees, the zone that is tried and saved, and why there is no picture.

import { Looking } from "/cameras/static/calibrate-look.js";
import { ZoneBox, WHOLE, same } from "/cameras/static/calibrate-zone.js";
import { put, showCode, showMeters } from "/cameras/static/calibrate-meters.js";

const TRY_MS = 200;

const byId = (id) => document.getElementById(id);
const main = byId("aim");
const frame = byId("frame");
const guide = byId("guide");

let saved = JSON.parse(main.dataset.zone);
let before = JSON.parse(main.dataset.before);
let trying = 0;

const box = new ZoneBox(byId("picture"), byId("zone"), byId("fields"), changed);
const looking = new Looking({ state: stateIs, told, picture });

function changed() {
  buttons();
  byId("saved").dataset.said = same(box.zone, saved) ? "kept" : "changed";
  trying ||= setTimeout(() => { trying = 0; looking.try(box.zone); }, TRY_MS);
}

function buttons() {
  const dirty = !same(box.zone, saved);
  byId("save").disabled = !dirty;
  byId("undo").disabled = !dirty && before === null;
  byId("whole").disabled = same(box.zone, WHOLE);
}

function stateIs(state, words = {}) {
  if (state === "live" && main.dataset.state !== "live" && !same(box.zone, saved)) looking.try(box.zone);
  if (main.dataset.state !== state) main.dataset.state = state;
  if (state !== "live") frame.getContext("2d").clearRect(0, 0, frame.width, frame.height);
  put(byId("detail"), words.away ?? "");
  put(byId("todo"), words.todo ?? "");
  put(byId("who"), words.who ?? "");
}

function told(view) {
  showCode(byId("code"), view.meters.find((meter) => meter.id === "code"));
  showMeters(byId("meters"), view.meters.filter((meter) => meter.id !== "code"));
  put(byId("trouble"), view.trouble);
  guide.hidden = !view.guide || view.codes > 0;
  guide.style.width = `${(100 * view.guide) / box.zone[2]}%`;
}

function picture(bitmap) {
  if (frame.width !== bitmap.width || frame.height !== bitmap.height) {
    frame.width = bitmap.width;
    frame.height = bitmap.height;
    byId("picture").style.setProperty("--ratio", bitmap.width / bitmap.height);
  }
  frame.getContext("2d").drawImage(bitmap, 0, 0);
}

async function save(zone) {
  const address = `${location.pathname}zone`;
  const body = JSON.stringify({ zone });
  try {
    const answer = await fetch(address, { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.reload(); // the session has ended: to the sign-in page
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    saved = told.zone;
    before = told.before;
    box.zone = saved;
    byId("saved").dataset.said = "saved";
  } catch (error) {
    put(byId("why"), error.message);
    byId("saved").dataset.said = "failed";
  }
  buttons();
}

byId("save").addEventListener("click", () => save(box.zone));
byId("whole").addEventListener("click", () => { box.zone = WHOLE; changed(); });
byId("undo").addEventListener("click", () => {
  if (same(box.zone, saved)) return save(before);
  box.zone = saved;
  changed();
});
byId("take").addEventListener("click", () => looking.connect(true));
addEventListener("pagehide", () => looking.disconnect());
addEventListener("pageshow", (event) => { if (event.persisted) looking.connect(); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden && looking.wanted) { looking.disconnect(); stateIs("resting"); }
  if (!document.hidden && main.dataset.state === "resting") looking.connect();
});

box.zone = saved;
buttons();
looking.connect();
