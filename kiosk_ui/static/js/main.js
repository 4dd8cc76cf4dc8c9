// One screen's page: its parts made and joined.
// @ts-check
import { createKeeper } from "./cache.js";
import { createCountdown } from "./countdown.js";
import { createLayers } from "./layers.js";
import { createPlayer } from "./loop.js";
import { createPlays } from "./plays.js";
import { createScene, painted } from "./scene.js";
import { connect } from "./stream.js";
import { connectTouch } from "./touch.js";

const CALM_MS = 10_000; // a page never reloads sooner than this after it began, whatever version it is told
const COVERED = new Set(["member", "members", "product"]);
const SHIFTS = [0, 3, 5, 2, -2, -5, -3]; // px: what stands for hours moves a little, against burn-in

const { screen: id = "", version = "" } = document.documentElement.dataset;
const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(name));
const page = crypto.getRandomValues(new Uint32Array(2)).join("-");
let seen = -1;
let boot = "";
let items = 0;

const keeper = createKeeper(id, version);
const countdown = createCountdown(part("stage"));
const plays = createPlays((value) => stream.send(value));

const player = createPlayer(createLayers(part("layer-a"), part("layer-b")), {
  playing(item) {
    document.documentElement.style.setProperty("--shift", `${SHIFTS[items++ % SHIFTS.length]}px`);
    stream.send({ playing: { loop: loopVersion, content: item.content } });
  },
  played: (item, began, complete) => plays.add(item, began, complete),
});
let loopVersion = "";

const scene = createScene(part("stage"), {
  changed(name, message) {
    if (COVERED.has(name)) player.pause();
    else player.resume();
    if (name === "loop") countdown.stop();
    else countdown.start(message.seconds, message.limit);
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

/** @param {string} served */
function renew(served) {
  if (served !== version && performance.now() > CALM_MS) location.reload();
}

const stream = connect(`${location.origin.replace(/^http/, "ws")}${location.pathname}/stream?page=${page}`, {
  message(value) {
    if (value.hello) {
      if (value.hello.boot !== boot) seen = -1;
      boot = value.hello.boot;
      plays.again();
    }
    if (value.version ?? value.hello?.version) renew(value.version ?? value.hello.version);
    if (value.hb) stream.send({ hb: value.hb });
    if (value.got) plays.got(value.got);
    if (value.loop && value.loop.version !== loopVersion) void adopt(value.loop);
    if (value.event !== undefined && value.event > seen) {
      seen = value.event;
      scene.show(value);
      void painted().then((painted_ms) => stream.send({ ack: value.event, painted_ms }));
    }
  },
  down() {
    seen = -1; // whatever the service says next is to be shown, also what was shown before
    scene.clear();
  },
});

connectTouch(part("stage"), (action, value) => stream.send({ touch: { session: scene.session(), action, value } }));

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
