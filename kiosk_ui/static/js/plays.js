// What this page played, kept until the service says that it has it, also while the service is away.
// @ts-check

const MOST = 5000; // half a day of 8 s items; beyond that the oldest are given up

/** @param {(value: object) => boolean} send */
export function createPlays(send) {
  /** @type {{n: number, item: any, began: number, seconds: number, complete: boolean}[]} */ let waiting = [];
  let count = 0;

  /** @param {typeof waiting[number]} play */
  const tell = ({ n, item, began, seconds, complete }) =>
    send({ played: { n, item, seconds, complete, ago_ms: performance.now() - began } });

  return {
    /** @param {any} item @param {number} began by performance.now() @param {boolean} complete */
    add(item, began, complete) {
      const play = { n: ++count, item, began, seconds: (performance.now() - began) / 1000, complete };
      waiting.push(play);
      if (waiting.length > MOST) waiting.shift();
      tell(play);
    },
    /** The service has all up to this one. @param {number} n */
    got(n) {
      waiting = waiting.filter((play) => play.n > n);
    },
    /** Tell again, in order, what the service may have missed. */
    again() {
      waiting.every(tell);
    },
  };
}
