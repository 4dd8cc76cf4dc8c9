// Two layers that show pictures and videos in turn: the next is loaded and decoded before the present one goes.
// @ts-check

const LOAD_MS = 10_000;
const FAR_FROM_FITTING = 1.35; // a picture whose shape differs more from the screen's is shown whole, not cut

/** @param {Promise<any>} promise @param {number} ms */
const within = (promise, ms) =>
  new Promise((resolve, reject) => {
    const timer = window.setTimeout(() => reject(new Error("too slow")), ms);
    promise.then(resolve, reject).finally(() => window.clearTimeout(timer));
  });

/** @param {HTMLVideoElement} video */
const loaded = (video) =>
  new Promise((resolve, reject) => {
    video.addEventListener("canplay", resolve, { once: true });
    video.addEventListener("error", () => reject(new Error("cannot play")), { once: true });
  });

/** @param {HTMLImageElement | HTMLVideoElement} node @param {number} width @param {number} height */
function fit(node, width, height) {
  const ratio = width / height / (window.innerWidth / window.innerHeight);
  const scalable = node instanceof HTMLImageElement && new URL(node.src).pathname.endsWith(".svg");
  node.classList.toggle("whole", !scalable && Math.max(ratio, 1 / ratio) > FAR_FROM_FITTING);
}

/** @param {Element | null} node */
const dropped = (node) => (node instanceof HTMLVideoElement ? node.getVideoPlaybackQuality().droppedVideoFrames : 0);

/** @param {Element | null} node */
function drop(node) {
  if (node instanceof HTMLVideoElement) {
    node.pause();
    node.removeAttribute("src"); // else its decoder and buffers stay (UI.md 3.3)
    node.load();
  }
  node?.remove();
}

/** @param {HTMLElement} front @param {HTMLElement} back */
export function createLayers(front, back) {
  let lost = 0;

  /** Load an item into the hidden layer; rejects when it cannot be shown. @param {any} item */
  async function prepare(item) {
    lost += dropped(back.firstElementChild);
    drop(back.firstElementChild);
    if (item.kind === "video") {
      const video = document.createElement("video");
      Object.assign(video, { muted: true, playsInline: true, preload: "auto", src: item.url });
      back.replaceChildren(video);
      await within(loaded(video), LOAD_MS);
      // Chromium "plays" HEVC without an error and without a frame (UI.md 3.1).
      if (!video.videoWidth) throw new Error("no picture");
      fit(video, video.videoWidth, video.videoHeight);
      return;
    }
    const img = new Image();
    img.alt = item.title;
    img.src = item.url;
    await within(img.decode(), LOAD_MS);
    fit(img, img.naturalWidth || 1, img.naturalHeight || 1);
    back.replaceChildren(img);
  }

  /** Bring the prepared layer to the front. @returns {HTMLVideoElement | null} the video that now plays */
  function swap() {
    [front, back] = [back, front];
    front.classList.add("front");
    back.classList.remove("front");
    const node = front.firstElementChild;
    if (!(node instanceof HTMLVideoElement)) return null;
    node.play().catch(() => {}); // refused or interrupted: its item ends by its time
    return node;
  }

  /** Show neither: what is drawn below them is seen. */
  function rest() {
    front.classList.remove("front");
    back.classList.remove("front");
  }

  /** How many frames of videos this page could not show in time. */
  const lostFrames = () => lost + dropped(front.firstElementChild) + dropped(back.firstElementChild);

  return { prepare, swap, rest, lostFrames };
}
