// The page's own part: camera, sender and buttons joined; the state is shown by the body's data-state.

import { openCamera, otherCamera, stopCamera } from "/cameras/static/lens.js";
import { Sender } from "/cameras/static/sender.js";

const video = document.getElementById("preview");
const sent = document.getElementById("sent");
const other = document.getElementById("other");

const show = (state) => { document.body.dataset.state = state; };

let facing = "user";
let stream = null;
const sender = new Sender(document.body.dataset.camera, video, {
  live: () => show("live"),
  waiting: () => show("waiting"),
  replaced: () => { show("replaced"); stop(); },
  sent: (count) => { sent.textContent = String(count); },
});

function stop() {
  sender.disconnect();
  stopCamera(stream);
  stream = null;
}

async function start() {
  stop();
  show("asking");
  document.body.dataset.facing = facing;
  const opened = await openCamera(facing);
  if (!opened.stream) return show(opened.problem);
  stream = opened.stream;
  stream.getVideoTracks()[0].addEventListener("ended", () => { stop(); show("missing"); });
  video.srcObject = stream;
  other.hidden = !(await otherCamera());
  show("waiting");
  sender.connect();
}

document.getElementById("again").addEventListener("click", start);
other.addEventListener("click", () => { facing = facing === "user" ? "environment" : "user"; start(); });
window.addEventListener("pagehide", stop);
window.addEventListener("pageshow", (event) => { if (event.persisted) start(); });
navigator.mediaDevices?.addEventListener("devicechange", () => { if (document.body.dataset.state === "missing") start(); });

start();
