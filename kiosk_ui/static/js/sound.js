// Two short tones, made here: a code was taken; hold it up again. Never speech, and the same for everybody.
// @ts-check

const LOUD = 0.08;
const RISE_S = 0.015;
const LENGTH_S = 0.32;
const LATE_MS = 300; // a tone that a browser lets sound only later than this is not sounded at all
/** Pitch in Hz, and when it begins in seconds. @type {Record<string, [number, number][]>} */
const TONES = {
  taken: [[659.3, 0], [987.8, 0.09]],
  again: [[392, 0], [329.6, 0.17]],
};

/** @param {boolean} wanted */
export function createSound(wanted) {
  /** @type {AudioContext | undefined} */ let context;

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
      if (!wanted) return;
      const asked = performance.now();
      context ??= new AudioContext();
      if (context.state !== "running") await context.resume().catch(() => {});
      if (context.state !== "running" || performance.now() - asked > LATE_MS) return;
      for (const tone of TONES[name]) strike(context, tone);
    },
  };
}
