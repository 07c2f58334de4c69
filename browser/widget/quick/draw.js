/**
 * Two of the pictures of browser/charts.py, stroke for stroke, for what a page computes before Python is there.
 * tests/browser/test_quick.py holds both against each other.
 */

const WIDTH = 360;
const FONT = 12;
const LINE = 16;
/** @type {Record<string, string>} */
const COLOURS = { run: "#c2410c", quiet: "#b9c0cf", other: "#2f5fb3" };
const SERIES = ["run", "other"];
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** @param {string} text */
const extent = (text) => FONT * [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 1 : 0.6), 0);
/** A coordinate, to a tenth of a pixel. @param {number} value */
const n = (value) => String(Number(value.toFixed(1)));
/** @param {string} colour */
const filled = (colour) => `class="wp-${colour}" fill="${COLOURS[colour]}"`;
/** @param {string} colour */
const line = (colour) => `class="wl-${colour}" stroke="${COLOURS[colour]}"`;
/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

class Picture {
  /** @type {string[]} */ parts = [];
  width = WIDTH;
  y = 0;

  /** @param {string} title */
  constructor(title) {
    this.title = title;
    this.text(0, FONT + 1, title, "start", ' font-weight="bold"');
    this.width = Math.max(WIDTH, extent(title) * 1.1);
    this.y = LINE + 4;
  }

  /** @param {string} part */
  add(part) {
    this.parts.push(part);
  }

  /** @param {number} x @param {number} y @param {string} text @param {string} [anchor] @param {string} [more] */
  text(x, y, text, anchor = "start", more = "") {
    this.add(`<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}"${more}>${escaped(text)}</text>`);
  }

  /** @param {[string, string][]} names Each with its colour. */
  legend(names) {
    let x = 0;
    for (const [name, colour] of names) {
      this.add(`<rect x="${n(x)}" y="${n(this.y + 3)}" width="10" height="10" rx="2" ${filled(colour)}/>`);
      this.text(x + 14, this.y + FONT, name, "start", ' font-size="11"');
      x += 14 + extent(name) + 10;
    }
    this.y += LINE + 4;
  }

  /** @param {string} said @param {string} key */
  done(said, key) {
    const [width, height] = [Math.ceil(this.width), Math.ceil(this.y) + 2];
    const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" data-key="${key}"`;
    const style = `font-family="sans-serif" font-size="${FONT}" fill="currentColor" role="img" aria-label="${escaped(`${this.title}: ${said}`)}"`;
    return `${head} ${style}>\n${this.parts.join("\n")}\n</svg>\n`;
  }
}

/**
 * `bars` of browser/charts.py, of what is not negative.
 * @param {Record<string, number[]>} series By name; one without a name needs no legend.
 * @param {{labels: string[], shown: string[], kept?: boolean[], limits?: Record<string, number>, top?: number, title: string, key: string}} how
 */
export function bars(series, { labels, shown, kept, limits = {}, top, title, key }) {
  const rows = Object.values(series);
  const sums = labels.map((_, at) => rows.reduce((sum, row) => sum + row[at], 0));
  const high = top ?? Math.max(...sums, ...Object.values(limits));
  const left = Math.max(...labels.map(extent)) + 8;
  const wide = WIDTH - left - Math.max(...shown.map(extent)) - 8;
  const across = (/** @type {number} */ value) => left + (wide * Math.min(Math.max(value, 0), high)) / (high || 1);
  const picture = new Picture(title);
  if (!("" in series)) picture.legend(Object.keys(series).map((name, at) => [name, SERIES[at]]));
  if (Object.keys(limits).length) picture.y += LINE;
  for (const [name, value] of Object.entries(limits)) {
    const x = across(value);
    picture.text(Math.min(x, WIDTH - extent(name) / 2), picture.y - 3, name, "middle", ' font-size="10"');
    picture.add(`<path d="M${n(x)} ${n(picture.y)}v${n(20 * labels.length)}" stroke="currentColor" stroke-dasharray="4 3"/>`);
  }
  labels.forEach((name, at) => {
    const y = picture.y + 20 * at;
    const counts = !kept || kept[at];
    const quiet = counts ? "" : ' class="wp-faint" fill-opacity="0.7"';
    picture.text(left - 6, y + 14, name, "end", quiet);
    let start = 0;
    rows.forEach((row, which) => {
      const [a, b] = [across(start), across(start + row[at])];
      start += row[at];
      const thick = Math.max(b - a, row[at] ? 1 : 0);
      picture.add(`<rect x="${n(a)}" y="${n(y + 4)}" width="${n(thick)}" height="12" rx="2" ${filled(counts ? SERIES[which] : "quiet")}/>`);
    });
    picture.text(WIDTH, y + 14, shown[at], "end", quiet);
    if (!counts) picture.add(`<path d="M${n(left - 4 - extent(name))} ${n(y + 10)}h${n(extent(name))}" ${line("quiet")}/>`);
  });
  picture.y += 20 * labels.length;
  return picture.done(labels.map((name, at) => `${name} ${shown[at]}`).join(", "), key);
}

/**
 * `timeline` of browser/charts.py, of boxes that are `run` or struck through.
 * @param {[string, [string, boolean][]][]} rows
 * @param {{title: string, key: string}} how
 */
export function timeline(rows, { title, key }) {
  const picture = new Picture(title);
  const left = Math.max(...rows.map(([label]) => extent(label))) + 6;
  const widest = Math.max(...rows.flatMap(([, boxes]) => boxes.map(([text]) => extent(text)))) + 8;
  const wide = Math.min(Math.max(widest, 18), (WIDTH - left) / Math.max(...rows.map(([, boxes]) => boxes.length)) - 2);
  for (const [label, boxes] of rows) {
    picture.text(left - 6, picture.y + 15, label, "end", ' font-size="11"');
    boxes.forEach(([text, runs], at) => {
      const x = left + at * (wide + 2);
      const colour = runs ? "run" : "quiet";
      picture.add(`<rect x="${n(x)}" y="${n(picture.y)}" width="${n(wide)}" height="21" rx="3" ${filled(colour)} fill-opacity="${runs ? 0.28 : 0.35}"/>`);
      const fits = (1.15 * wide) / Math.max(extent(text), 1);
      picture.text(x + wide / 2, picture.y + 15, text, "middle", fits < 1 ? ` font-size="${n(FONT * fits)}"` : "");
      if (!runs) picture.add(`<path d="M${n(x + 3)} ${n(picture.y + 11)}h${n(wide - 6)}" class="wl-bad" stroke="#b3261e" stroke-width="1.5"/>`);
    });
    picture.y += 25;
  }
  return picture.done(rows.map(([label, boxes]) => `${label} ${boxes.map(([text]) => text).join(" ")}`).join("; "), key);
}
