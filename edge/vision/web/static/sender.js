// Pictures to the eye: the newest only, about ten a second, none while the last is still on its way.

const FRAME_MS = 100;
const AGAIN_MS = 800;
const LONGEST_SIDE = 1280;
const QUALITY = 0.8;
const REPLACED = 4001;
const NUMBER_BYTES = 8;

export class Sender {
  #camera; #video; #tell; #socket = null; #timer = 0; #retry = 0; #number = 0; #busy = false; #wanted = false;
  #canvas = document.createElement("canvas");

  constructor(camera, video, tell) {
    this.#camera = camera;
    this.#video = video;
    this.#tell = tell;
  }

  connect() {
    this.#wanted = true;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/cameras/${this.#camera}/push`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#tell.live();
      this.#timer = setInterval(() => this.#send(socket), FRAME_MS);
    });
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
  }

  disconnect() {
    this.#wanted = false;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
  }

  #closed(socket, code) {
    if (socket !== this.#socket || !this.#wanted) return;
    clearInterval(this.#timer);
    if (code === REPLACED) return this.#tell.replaced();
    this.#tell.waiting();
    this.#retry = setTimeout(() => this.connect(), AGAIN_MS * (0.5 + Math.random() / 2));
  }

  async #send(socket) {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#busy || !width || socket.bufferedAmount > 0 || socket.readyState !== WebSocket.OPEN) return;
    this.#busy = true;
    try {
      const jpeg = await this.#picture(width, height);
      if (jpeg && socket.readyState === WebSocket.OPEN) this.#give(socket, jpeg);
    } finally {
      this.#busy = false;
    }
  }

  #give(socket, jpeg) {
    const number = new DataView(new ArrayBuffer(NUMBER_BYTES));
    this.#number += 1;
    number.setBigUint64(0, BigInt(this.#number));
    socket.send(new Blob([number.buffer, jpeg]));
    this.#tell.sent(this.#number);
  }

  #picture(width, height) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY));
  }
}
