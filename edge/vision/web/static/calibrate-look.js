// The camera's views by WebSocket, for one page at a time: each is a message of words and then one of pixels.

const AGAIN_MS = 1000;
const REPLACED = 4001;
const SIGNED_OUT = 4003;
const BUSY = 4009;

export class Looking {
  wanted = false;
  #tell; #socket = null; #retry = 0;

  constructor(tell) {
    this.#tell = tell;
  }

  connect(take = false) {
    this.disconnect();
    this.wanted = true;
    this.#tell.state("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = `language=${document.documentElement.lang}${take ? "&take=1" : ""}`;
    const socket = new WebSocket(`${scheme}://${location.host}${location.pathname}look?${query}`);
    socket.binaryType = "blob";
    let open = false;
    socket.addEventListener("open", () => { open = true; });
    socket.addEventListener("message", (event) => { if (socket === this.#socket) this.#take(event.data); });
    socket.addEventListener("close", (event) => { if (socket === this.#socket) this.#closed(event, open); });
    this.#socket = socket;
  }

  disconnect() {
    this.wanted = false;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  try(zone) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ try: zone }));
  }

  async #take(data) {
    if (typeof data !== "string") return this.#draw(data);
    const words = JSON.parse(data);
    if ("away" in words) return this.#tell.state("away", words);
    this.#tell.state("live");
    this.#tell.told(words);
  }

  async #draw(blob) {
    const socket = this.#socket;
    const bitmap = await createImageBitmap(blob);
    if (socket === this.#socket) this.#tell.picture(bitmap);
    bitmap.close();
  }

  #closed(event, open) {
    this.#socket = null;
    if (event.code === REPLACED || event.code === BUSY) {
      this.wanted = false;
      return this.#tell.state(event.code === BUSY ? "busy" : "replaced", { who: event.reason });
    }
    if (event.code === SIGNED_OUT) return location.reload();
    this.#tell.state("lost");
    this.#retry = setTimeout(() => this.#again(open), AGAIN_MS * (0.5 + Math.random()));
  }

  async #again(opened) {
    if (!opened && await signedOut()) return location.reload();
    if (this.wanted) this.connect();
  }
}

async function signedOut() {
  try {
    return (await fetch(location.pathname, { redirect: "manual" })).type === "opaqueredirect";
  } catch {
    return false;
  }
}
