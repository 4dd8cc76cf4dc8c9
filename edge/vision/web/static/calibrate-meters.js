// The meters: a symbol, a number, a word, and what to do where it is not well. Only what changed is touched.

const SYMBOLS = { good: "✓", look: "!", bad: "✕", none: "–" };

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function level(element, meter) {
  if (element.dataset.level !== meter.level) element.dataset.level = meter.level;
  put(element.querySelector("i"), SYMBOLS[meter.level]);
  put(element.querySelector("span"), meter.label);
  put(element.querySelector("b"), meter.word);
}

export function showCode(element, meter) {
  level(element, meter);
}

export function showMeters(list, meters) {
  meters.forEach((meter, place) => {
    if (!list.children[place]) list.append(document.getElementById("meter").content.cloneNode(true));
    const row = list.children[place];
    level(row, meter);
    put(row.querySelector("output"), meter.value);
    put(row.querySelector(".advice"), meter.advice);
  });
  while (list.children.length > meters.length) list.lastElementChild.remove();
}
