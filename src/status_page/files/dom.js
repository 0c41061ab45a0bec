// Elements. Whatever is shown goes in as text: no name can become markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else attribute(node, name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** An element; an attribute that is a function is a listener, and children that are text stay text. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Sets an attribute where it differs; null and false take it away. */
export function attribute(node, name, value) {
  if (value === null || value === false || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

/** Sets the text of an element without other content where it differs, so that a selection in it stays. */
export function text(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/**
 * Puts children in this order with as few moves as that takes. The child that has the focus is not moved at all:
 * others are moved around it, since moving it would lose the focus.
 */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!keep.has(child)) child.remove();
  }
  const still = wanted.findIndex((child) => child.contains(document.activeElement));
  const pivot = still < 0 ? null : wanted[still];
  let next = pivot;
  for (let place = (pivot ? still : wanted.length) - 1; place >= 0; place -= 1) {
    const child = wanted[place];
    if (child.nextElementSibling !== next || child.parentNode !== parent) parent.insertBefore(child, next);
    next = child;
  }
  let last = pivot;
  for (let place = still + 1; pivot && place < wanted.length; place += 1) {
    const child = wanted[place];
    if (last.nextElementSibling !== child) last.after(child);
    last = child;
  }
}
