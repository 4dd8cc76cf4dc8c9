// Finds products by name while a person types, and keeps the chosen ones as fields of the form.
// @ts-check

const PAUSE_MS = 200;
const NS = "http://www.w3.org/2000/svg";

/** @param {HTMLElement} element @returns {() => void} disconnect */
export function connect(element) {
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input[type=search]"));
  const found = /** @type {HTMLElement} */ (element.querySelector(".found"));
  const picked = /** @type {HTMLElement} */ (element.querySelector(".picked"));
  let timer = 0;
  let asked = "";

  async function search() {
    const words = (asked = input.value.trim());
    if (!words) {
      found.hidden = true;
      return;
    }
    const answer = await fetch(`${element.dataset.products}?q=${encodeURIComponent(words)}`);
    if (!answer.ok || words !== asked) return;
    const { products } = await answer.json();
    found.replaceChildren(...products.map(row));
    if (!products.length) found.textContent = element.dataset.none ?? "";
    found.hidden = false;
  }

  /** @param {{sku: string, name: string, picture: string}} product */
  function row(product) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.append(...face(product));
    button.addEventListener("click", () => pick(product));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /** @param {{name: string, picture: string}} product */
  function face(product) {
    const name = Object.assign(document.createElement("span"), { textContent: product.name });
    if (!product.picture) return [name];
    return [Object.assign(document.createElement("img"), { src: product.picture, alt: "" }), name];
  }

  /** @param {{sku: string, name: string, picture: string}} product */
  function pick(product) {
    input.value = "";
    found.hidden = true;
    input.focus();
    if (picked.querySelector(`input[value="${CSS.escape(product.sku)}"]`)) return;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "products", value: product.sku });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "tool" });
    remove.setAttribute("aria-label", element.dataset.remove ?? "");
    remove.append(cross());
    const item = document.createElement("li");
    item.append(field, ...face(product), remove);
    picked.append(item);
  }

  /** @param {Event} event */
  function unpick(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest(".tool")) target.closest("li")?.remove();
  }

  function typed() {
    window.clearTimeout(timer);
    timer = window.setTimeout(search, PAUSE_MS);
  }

  /** @param {KeyboardEvent} event */
  function entered(event) {
    if (event.key === "Enter") event.preventDefault();
  }

  input.addEventListener("input", typed);
  input.addEventListener("keydown", entered);
  picked.addEventListener("click", unpick);
  return () => {
    window.clearTimeout(timer);
    input.removeEventListener("input", typed);
    input.removeEventListener("keydown", entered);
    picked.removeEventListener("click", unpick);
  };
}

function cross() {
  const icon = document.createElementNS(NS, "svg");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2" }))
    icon.setAttribute(name, value);
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", "M6 6l12 12M18 6 6 18");
  icon.append(path);
  return icon;
}
