// The frame that is drawn on the picture: moved and resized by mouse, finger, arrow keys or numbers.

const SMALLEST = 0.1;
const STEP = 0.01;
const LARGE_STEP = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NAMES = ["left", "top", "width", "height"];

export const WHOLE = [0, 0, 1, 1];

export const same = (one, other) => one.every((share, place) => Math.abs(share - other[place]) < 0.0005);

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
const rounded = (zone) => zone.map((share) => Math.round(share * 1000) / 1000);

/** The zone moved by shares of the frame, never over its edge. */
export function moved([left, top, width, height], x, y) {
  return rounded([clamp(left + x, 0, 1 - width), clamp(top + y, 0, 1 - height), width, height]);
}

/** The zone with one corner (nw, ne, sw, se) moved; the opposite one stays. */
export function resized([left, top, width, height], corner, x, y) {
  const [right, bottom] = [left + width, top + height];
  const west = corner.includes("w") ? clamp(left + x, 0, right - SMALLEST) : left;
  const east = corner.includes("e") ? clamp(right + x, left + SMALLEST, 1) : right;
  const north = corner.includes("n") ? clamp(top + y, 0, bottom - SMALLEST) : top;
  const south = corner.includes("s") ? clamp(bottom + y, top + SMALLEST, 1) : bottom;
  return rounded([west, north, east - west, south - north]);
}

/** The zone of typed numbers; what is larger than fits is cut. */
export function fitted([left, top, width, height]) {
  const [x, y] = [clamp(left, 0, 1 - SMALLEST), clamp(top, 0, 1 - SMALLEST)];
  return rounded([x, y, clamp(width, SMALLEST, 1 - x), clamp(height, SMALLEST, 1 - y)]);
}

export class ZoneBox {
  #picture; #box; #fields; #changed; #zone = WHOLE; #drag = null;

  constructor(picture, box, fields, changed) {
    this.#picture = picture;
    this.#box = box;
    this.#fields = fields;
    this.#changed = changed;
    box.addEventListener("pointerdown", (event) => this.#begin(event));
    box.addEventListener("pointermove", (event) => this.#follow(event));
    for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => { this.#drag = null; });
    box.addEventListener("keydown", (event) => this.#key(event));
    fields.addEventListener("change", () => this.#typed());
    fields.addEventListener("submit", (event) => event.preventDefault());
  }

  get zone() {
    return this.#zone;
  }

  set zone(zone) {
    this.#zone = zone;
    NAMES.forEach((name, place) => {
      this.#box.style[name] = `${100 * zone[place]}%`;
      this.#fields.elements[name].value = Math.round(100 * zone[place]);
    });
  }

  #to(zone) {
    this.zone = zone;
    this.#changed();
  }

  #begin(event) {
    if (!event.isPrimary || event.button > 0) return;
    this.#drag = { x: event.clientX, y: event.clientY, zone: this.#zone, corner: event.target.dataset.corner };
    this.#box.setPointerCapture(event.pointerId);
  }

  #follow(event) {
    if (!this.#drag || !event.isPrimary) return;
    const { width, height } = this.#picture.getBoundingClientRect();
    const [x, y] = [(event.clientX - this.#drag.x) / width, (event.clientY - this.#drag.y) / height];
    const { zone, corner } = this.#drag;
    this.#to(corner ? resized(zone, corner, x, y) : moved(zone, x, y));
  }

  #key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const [x, y] = arrow.map((way) => way * (event.shiftKey ? LARGE_STEP : STEP));
    const { corner } = event.target.dataset;
    this.#to(corner ? resized(this.#zone, corner, x, y) : moved(this.#zone, x, y));
  }

  #typed() {
    const shares = NAMES.map((name) => this.#fields.elements[name].valueAsNumber / 100);
    this.#to(shares.some(Number.isNaN) ? this.#zone : fitted(shares));
  }
}
