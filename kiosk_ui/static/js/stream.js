// The WebSocket of one screen: reconnects by itself, and knows within 2.5 s that the service went silent.
// @ts-check

const SILENT_MS = 2250; // the service speaks at least once a second; with one tick more this is noticed in 2.5 s
const TICK_MS = 250;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/**
 * @param {string} url
 * @param {{message: (value: any) => void, down: () => void}} on `down` is called once each time the service goes away
 */
export function connect(url, on) {
  /** @type {WebSocket | undefined} */ let socket;
  let pause = FIRST_PAUSE_MS;
  let heard = performance.now();
  let looked = heard;
  let lost = true; // nothing to lose before the first message
  /** @type {number | undefined} */ let retry;

  function open() {
    retry = undefined;
    const mine = new WebSocket(url);
    socket = mine;
    heard = performance.now();
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      heard = performance.now();
      lost = false;
      pause = FIRST_PAUSE_MS;
      on.message(JSON.parse(event.data));
    };
    mine.onclose = () => socket === mine && again();
  }

  function again() {
    const old = socket;
    socket = undefined;
    if (old) {
      old.onmessage = old.onclose = null;
      old.close(); // a frozen peer never answers the close, so nobody waits for it
    }
    if (!lost) {
      lost = true;
      on.down();
    }
    if (retry === undefined) retry = window.setTimeout(open, pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  const watchdog = window.setInterval(() => {
    const now = performance.now();
    const asleep = now - looked > TICK_MS * 4; // this page itself stood still: messages may lie unread behind this tick
    looked = now;
    if (asleep) heard = Math.max(heard, now - SILENT_MS + TICK_MS * 2);
    if (socket && now - heard > SILENT_MS) again();
  }, TICK_MS);

  open();
  return {
    /** True when the message was handed to an open connection. @param {object} value */
    send(value) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(value));
      return true;
    },
    disconnect() {
      window.clearInterval(watchdog);
      window.clearTimeout(retry);
      const old = socket;
      socket = undefined;
      old?.close();
    },
  };
}
