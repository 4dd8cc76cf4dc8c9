// Makes a scene on the screen into its newer self by touching only what differs: a tap that has begun, decoded pictures
// and the rest of the frame stay, and a stock line that changes costs the paint of that line alone.
// @ts-check

/** What lies open in a sheet: another product's comes as a sheet of its own. @param {Element} node */
const title = (node) => (node.matches(".sheet") ? node.querySelector("h2")?.textContent : "");

/** Whether one node can become the other: of one kind and, where it has a name, of one name. @param {Node} was @param {Node} is */
function alike(was, is) {
  if (was.nodeType !== is.nodeType || was.nodeName !== is.nodeName) return false;
  if (!(was instanceof Element) || !(is instanceof Element)) return true;
  const same = (/** @type {string} */ name) => was.getAttribute(name) === is.getAttribute(name);
  return same("id") && same("data-action") && same("data-value") && same("src") && title(was) === title(is);
}

/** @param {Element} was @param {Element} is */
function dress(was, is) {
  for (const { name } of [...was.attributes]) if (!is.hasAttribute(name)) was.removeAttribute(name);
  for (const { name, value } of is.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
}

/** Make what a node holds like these nodes. @param {Node} parent @param {Node[]} fresh */
export function become(parent, fresh) {
  const old = [...parent.childNodes];
  fresh.forEach((is, place) => {
    const was = old[place];
    if (!was) parent.appendChild(is);
    else if (!alike(was, is)) parent.replaceChild(is, was);
    else if (was instanceof Element && is instanceof Element) {
      dress(was, is);
      become(was, [...is.childNodes]);
    } else if (was.nodeValue !== is.nodeValue) was.nodeValue = is.nodeValue;
  });
  for (const left of old.slice(fresh.length)) parent.removeChild(left);
}
