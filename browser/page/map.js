/** The learning map is looked at through a window: what is larger scrolls, by finger, wheel, keys or bar; buttons zoom. */

import { element } from "./dom.js";

const STEP = 1.25;
const [LEAST, MOST] = [0.3, 3];

/** @param {HTMLElement} map */
export function begin(map) {
  const svg = map.querySelector("svg");
  if (!svg || map.dataset.wikiMap) return;
  map.dataset.wikiMap = "shown";
  const isEnglish = document.documentElement.lang === "en";
  const width = svg.viewBox.baseVal.width;
  let scale = 1;

  /** @param {number} wanted */
  const zoom = (wanted) => {
    const before = scale;
    scale = Math.min(MOST, Math.max(LEAST, wanted));
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = map; // what is in the middle stays there
    const [x, y] = [scrollLeft + clientWidth / 2, scrollTop + clientHeight / 2];
    svg.setAttribute("width", String(Math.round(width * scale)));
    svg.setAttribute("height", String(Math.round(svg.viewBox.baseVal.height * scale)));
    map.scrollTo((x * scale) / before - clientWidth / 2, (y * scale) / before - clientHeight / 2);
  };
  const whole = () => zoom(Math.min(map.clientWidth / width, 1));

  const tools = element("div", { class: "wiki-map__tools", role: "group", "aria-label": isEnglish ? "Zoom" : "缩放" });
  /** @type {[string, string, () => void][]} */
  const buttons = [
    ["−", isEnglish ? "Smaller" : "缩小", () => zoom(scale / STEP)],
    ["+", isEnglish ? "Larger" : "放大", () => zoom(scale * STEP)],
    [isEnglish ? "Full width" : "全宽", isEnglish ? "The full width of the map" : "整张图的宽度", whole],
    [isEnglish ? "Next page" : "接着读的页", isEnglish ? "Show the page to read next" : "移到接着读的页", () => goTo(".wiki-due")],
  ];
  for (const [text, label, act] of buttons) {
    const button = element("button", { type: "button", "aria-label": label, title: label }, text);
    button.addEventListener("click", act);
    tools.append(button);
  }
  map.before(tools);

  /** @param {string} selector */
  const goTo = (selector) => {
    const found = map.querySelector(selector);
    if (!found) return;
    const [box, view] = [found.getBoundingClientRect(), map.getBoundingClientRect()];
    map.scrollBy(
      box.left - view.left - (view.width - box.width) / 2,
      box.top - view.top - (view.height - box.height) / 2,
    );
  };
  map.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // as on maps; a pinch on a touchpad says so too
      event.preventDefault();
      zoom(scale * (event.deltaY < 0 ? STEP : 1 / STEP));
    },
    { passive: false },
  );
  // Wide enough to be read at a glance; on a phone in full size, where one group fills the width.
  if (map.clientWidth >= 0.65 * width) whole();
  if (location.hash.startsWith("#map-")) {
    document.querySelector("#map")?.scrollIntoView();
    goTo(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`);
  }
}
