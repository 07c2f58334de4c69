/** SVG from Python, rebuilt from a list of what drawings need: no script, no style, no address, no foreign markup. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const ELEMENTS = new Set(
  "svg g path rect circle ellipse line polyline polygon text tspan title desc defs linearGradient radialGradient stop clipPath".split(" "),
);
const ATTRIBUTES = new Set(
  (
    "viewBox width height x y x1 y1 x2 y2 cx cy r rx ry d points dx dy transform preserveAspectRatio id class role " +
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray " +
    "opacity clip-path offset stop-color stop-opacity gradientUnits gradientTransform shape-rendering " +
    "font-size font-family font-weight text-anchor dominant-baseline aria-label aria-hidden data-key data-pick"
  ).split(" "),
);
const LOCAL = /^url\(#([\w-]+)\)$/;
const CLASS = /^w[lp]-[\w-]+$/; // of charts.py; others are the page's and the theme's
const OWN = "drawn-"; // before each id: none is that of a part of the page

/**
 * @param {string} text
 * @returns {SVGElement | null} null where it is no SVG.
 */
export function cleanSvg(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.namespaceURI !== NAMESPACE || root.localName !== "svg") return null;
  return /** @type {SVGElement} */ (rebuilt(root));
}

/** What an attribute may say; "" where that is nothing. @param {string} name @param {string} value */
function harmless(name, value) {
  if (!ATTRIBUTES.has(name)) return "";
  if (name === "class") return value.split(/\s+/).filter((one) => CLASS.test(one)).join(" ");
  if (name === "id") return OWN + value;
  if (/url\s*\(|[\\]/i.test(value)) return LOCAL.test(value) ? value.replace(LOCAL, `url(#${OWN}$1)`) : "";
  return value;
}

/** @param {Element} source */
function rebuilt(source) {
  const made = document.createElementNS(NAMESPACE, source.localName);
  for (const { name, value } of source.attributes) {
    const said = harmless(name, value);
    if (said) made.setAttribute(name, said);
  }
  for (const child of source.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.textContent ?? "");
    else if (child instanceof Element && child.namespaceURI === NAMESPACE && ELEMENTS.has(child.localName)) {
      made.append(rebuilt(child));
    }
  }
  return made;
}
