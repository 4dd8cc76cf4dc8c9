/** The sign-in page's two conveniences: showing the password, and counting the wait down. */

const SECOND_MS = 1000;

const reveal = document.getElementById("reveal");
const password = document.getElementById("password");
reveal.hidden = false;
reveal.addEventListener("click", () => {
  const shown = password.type === "password";
  password.type = shown ? "text" : "password";
  reveal.textContent = shown ? reveal.dataset.hide : reveal.dataset.show;
  reveal.setAttribute("aria-pressed", String(shown));
});

const wait = document.getElementById("wait");
if (wait) {
  const until = performance.now() + Number(wait.dataset.seconds) * SECOND_MS;
  const send = document.querySelector("button.main");
  send.disabled = true;
  const timer = setInterval(() => {
    const left = Math.max(0, Math.ceil((until - performance.now()) / SECOND_MS));
    wait.textContent = String(left);
    if (left === 0) {
      send.disabled = false;
      wait.parentElement.hidden = true;
      clearInterval(timer);
    }
  }, SECOND_MS);
}
