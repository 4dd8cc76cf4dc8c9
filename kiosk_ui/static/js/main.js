// One screen's page: its parts made and joined.
// @ts-check
import { createKeeper } from "./cache.js";
import { createComfort } from "./comfort.js";
import { createCountdown } from "./countdown.js";
import { createLayers } from "./layers.js";
import { createPlayer } from "./loop.js";
import { createPlays } from "./plays.js";
import { createScene, painted } from "./scene.js";
import { createSound } from "./sound.js";
import { connect } from "./stream.js";
import { createThanks } from "./thanks.js";
import { connectTouch } from "./touch.js";
import { swollen, vitals } from "./vitals.js";

const CALM_MS = 10_000; // a page never reloads sooner than this after it began, whatever version it is told
const VITALS_MS = 30_000;
const COVERED = new Set(["member", "members", "product"]);
const SHIFTS = [0, 3, 5, 2, -2, -5, -3]; // px: what stands for hours moves a little, against burn-in

const { screen: id = "", version = "" } = document.documentElement.dataset;
const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(name));
const notice = document.getElementById("notice");
const page = crypto.getRandomValues(new Uint32Array(2)).join("-");
let seen = -1;
let boot = "";
let items = 0;

const keeper = createKeeper(id, version);
const thanks = createThanks(part("attract"));
const comfort = createComfort(part("stage"));
const sound = createSound("sound" in document.body.dataset);
const countdown = createCountdown(part("stage"));
const plays = createPlays((value) => stream.send(value));

const layers = createLayers(part("layer-a"), part("layer-b"));
const player = createPlayer(layers, {
  playing(item) {
    document.documentElement.style.setProperty("--shift", `${SHIFTS[items++ % SHIFTS.length]}px`);
    stream.send({ playing: { loop: loopVersion, content: item.content } });
  },
  played: (item, began, complete) => plays.add(item, began, complete),
});
let loopVersion = "";

let heard = ""; // the session whose code was answered with a tone
const scene = createScene(part("stage"), {
  changed(name, message) {
    if (COVERED.has(name)) player.pause();
    else player.resume();
    comfort.shown(message);
    if (name === "loop") {
      sound.hush();
      return countdown.stop();
    }
    countdown.start(message.seconds, message.limit);
    thanks.hide();
    if (name === "notice") void sound.play("again");
    else if (message.session !== heard) void sound.play("taken");
    heard = message.session;
  },
});

/** @param {any} loop */
async function adopt(loop) {
  const first = !loopVersion;
  loopVersion = loop.version;
  if (first) player.play(loop); // nothing plays yet, so there is nothing to wait behind
  const whole = await keeper.loop(loop);
  if (whole.version === loopVersion && whole.items.length) player.play(whole); // else the old one stays
}

const figures = () => vitals(layers.lostFrames());
let served = version;

/** Begin afresh where another version is served or this page has grown too much, but never under a shopper's eyes. */
function renew() {
  if (scene.present().scene !== "loop") return;
  const age = performance.now();
  if ((served !== version && age > CALM_MS) || swollen(figures(), age)) location.reload();
}

const stream = connect(`${location.origin.replace(/^http/, "ws")}${location.pathname}/stream?page=${page}`, {
  message(value) {
    if (value.hello) {
      if (value.hello.boot !== boot) seen = -1;
      boot = value.hello.boot;
      plays.again();
    }
    served = value.version ?? value.hello?.version ?? served;
    if (value.hb) {
      stream.send({ hb: value.hb });
      renew();
    }
    if (value.eyes !== undefined) notice?.toggleAttribute("hidden", !value.eyes); // away, what was told last holds
    if (value.got) plays.got(value.got);
    if (value.loop && value.loop.version !== loopVersion) void adopt(value.loop);
    if (value.event !== undefined && value.event > seen) {
      seen = value.event;
      if (scene.show(value)) void acknowledge(value.event);
      else tell(value.session, "end"); // it was ended here, and the service does not know yet
    }
  },
  down() {
    seen = -1; // whatever the service says next is to be shown, also what was shown before
    scene.clear();
  },
});

/** @param {number} event */
async function acknowledge(event) {
  const painted_ms = await painted();
  stream.send({ ack: event, painted_ms, vitals: figures() });
}

/** @param {string} session @param {string} action */
function tell(session, action, value = "") {
  stream.send({ touch: { session, action, value } });
}

connectTouch(part("stage"), (action, value, choice) => {
  const { session, language } = scene.present();
  tell(session, action, value);
  comfort.touched(choice);
  if (action !== "end") return;
  scene.end(); // whether or not the service has heard it
  thanks.show(language);
});

/** The loop before the service has spoken, or instead of it: from the service, else from the worker's cache. */
async function begin() {
  try {
    const answer = await fetch(`${location.pathname}/loop.json`);
    if (answer.ok && !loopVersion) await adopt(await answer.json());
  } catch {
    // Neither service nor cache: what is drawn below the layers is seen until the stream brings a loop.
  }
}

void begin();
window.addEventListener("load", () => void keeper.page(), { once: true });
window.setInterval(() => stream.send({ vitals: figures() }), VITALS_MS);
window.addEventListener("pagehide", () => scene.clear()); // a page that a browser keeps for later keeps nobody
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
