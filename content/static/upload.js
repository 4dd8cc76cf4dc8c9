// Sends a chosen photo at once, shows how far it is, and goes on to where the answer says. XHR: fetch has no progress.
// @ts-check

/** @param {HTMLElement} element @returns {() => void} disconnect */
export function connect(element) {
  const form = /** @type {HTMLFormElement} */ (element);
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const sending = /** @type {HTMLElement} */ (form.querySelector(".sending"));
  const bar = /** @type {HTMLProgressElement} */ (form.querySelector("progress"));
  const words = /** @type {HTMLElement} */ (form.querySelector(".sending p"));
  const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
  let request = new XMLHttpRequest();

  /** @param {string} text */
  function fail(text) {
    sending.hidden = true;
    problem.hidden = false;
    problem.textContent = text;
    input.disabled = false;
    input.value = "";
  }

  function ended() {
    fail(form.dataset.ended ?? "");
    problem.append(" ", Object.assign(document.createElement("a"), { href: window.location.href, textContent: form.dataset.signin }));
  }

  function answered() {
    if (!new URL(request.responseURL).pathname.startsWith("/staff/")) return ended();
    let answer;
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      fail(form.dataset.lost ?? "");
      return;
    }
    if (request.status === 201) window.location.assign(answer.next);
    else fail(answer.problem ?? form.dataset.lost);
  }

  function send() {
    if (!input.files?.length) return;
    if (input.files[0].size > Number(form.dataset.largest)) return fail(form.dataset.large ?? "");
    const body = new FormData();
    body.append("file", input.files[0]);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.onprogress = (event) => {
      bar.value = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
    };
    request.upload.onload = () => {
      bar.removeAttribute("value");
      words.textContent = form.dataset.converting ?? "";
    };
    request.onload = answered;
    request.onerror = () => fail(form.dataset.lost ?? "");
    problem.hidden = true;
    sending.hidden = false;
    bar.value = 0;
    words.textContent = form.dataset.sending ?? "";
    request.send(body);
    input.disabled = true;
  }

  input.addEventListener("change", send);
  return () => {
    input.removeEventListener("change", send);
    request.abort();
  };
}
