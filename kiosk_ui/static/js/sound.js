// Two short tones, made here: a code was taken; hold it up again. Never speech, and the same for everybody.
// @ts-check

const LOUD = 0.08;
const RISE_S = 0.015;
const LENGTH_S = 0.32;
/** Pitch in Hz, and when it begins in seconds. @type {Record<string, [number, number][]>} */
const TONES = {
  taken: [[659.3, 0], [987.8, 0.09]],
  again: [[392, 0], [329.6, 0.17]],
};

/** @param {boolean} wanted */
export function createSound(wanted) {
  const context = wanted ? new AudioContext() : undefined; // made now, as making one takes longer than a tone may
  let asked = 0;

  /** @param {AudioContext} audio @param {[number, number]} tone */
  function strike(audio, [pitch, after]) {
    const begin = audio.currentTime + after;
    const voice = new OscillatorNode(audio, { type: "sine", frequency: pitch });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, begin).linearRampToValueAtTime(LOUD, begin + RISE_S);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + LENGTH_S);
    voice.connect(volume).connect(audio.destination);
    voice.onended = () => volume.disconnect();
    voice.start(begin);
    voice.stop(begin + LENGTH_S);
  }

  return {
    /** @param {"taken" | "again"} name */
    async play(name) {
      const mine = ++asked;
      if (!context) return;
      if (context.state !== "running") await context.resume(); // a browser may wait for a finger (autoplay policy)
      if (mine === asked) for (const tone of TONES[name]) strike(context, tone);
    },
    /** What could not sound until now shall not. */
    hush() {
      asked += 1;
    },
  };
}
