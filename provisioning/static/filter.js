/** Narrows the settings' tables to rows that hold the text looked for. */

const field = document.getElementById("filter");
const none = document.getElementById("none");

function narrow() {
  const wanted = field.value.trim().toLowerCase();
  let shown = 0;
  for (const sheet of document.querySelectorAll(".sheet")) {
    let here = 0;
    for (const row of sheet.querySelectorAll("tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      here += row.hidden ? 0 : 1;
    }
    sheet.hidden = here === 0;
    shown += here;
  }
  none.hidden = shown > 0;
}

field.addEventListener("input", narrow);
