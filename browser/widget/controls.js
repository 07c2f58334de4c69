/** The form of a widget: native inputs that stand in the page, their values, and the code with these values. */

/** @typedef {boolean | number | string} Value */

const LINE = /^([a-z_]\w*) = (.+?)( {2}# @param .+)$/gm; // as in widgets/_form.py

export class Control {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.name = place.dataset.name ?? "";
    this.kind = place.dataset.kind ?? "";
    this.play = Number(place.dataset.play ?? 0); // see widgets/_form.py
    this.inputs = [...place.querySelectorAll("input")];
    this.input = this.inputs[0];
    this.output = place.querySelector("output");
    this.initial = this.byDefault();
  }

  /** What the page says, whatever a reader moved before this script came. @returns {Value} */
  byDefault() {
    if (this.kind === "slider") return Number(this.input.defaultValue);
    if (this.kind === "switch") return this.input.defaultChecked;
    if (this.kind === "choice") return this.inputs.find((input) => input.defaultChecked)?.value ?? "";
    return this.input.defaultValue;
  }

  /** @returns {Value} */
  value() {
    if (this.kind === "slider") return Number(this.input.value);
    if (this.kind === "switch") return this.input.checked;
    if (this.kind === "choice") return this.inputs.find((input) => input.checked)?.value ?? "";
    return this.input.value;
  }

  /** A value from anywhere; one that the control has not becomes the nearest, or is left out. @param {Value} value */
  set(value) {
    if (this.kind === "slider") {
      if (value !== "" && Number.isFinite(Number(value))) this.input.value = String(value); // the browser clamps it
    } else if (this.kind === "switch") this.input.checked = value === true || value === "True";
    else if (this.kind === "choice") this.inputs.forEach((input) => (input.checked ||= input.value === value));
    else this.input.value = String(value).slice(0, this.input.maxLength);
    this.show();
  }

  /** The number beside a slider. */
  show() {
    if (this.output) this.output.value = this.literal();
  }

  /** The value as Python writes it. @param {Value} value */
  literal(value = this.value()) {
    if (this.kind === "slider") return Number(value).toFixed(Number(this.input.dataset.decimals));
    if (this.kind === "switch") return value ? "True" : "False";
    return JSON.stringify(value);
  }

  /** As a link carries it. */
  linked() {
    return typeof this.value() === "string" ? String(this.value()) : this.literal();
  }

  get step() {
    return Number(this.input.step);
  }

  get low() {
    return Number(this.input.min);
  }

  get high() {
    return Number(this.input.max);
  }
}

/** The code with other values. @param {string} code @param {Map<string, string>} literals */
export function filled(code, literals) {
  return code.replace(LINE, (line, name, _value, rest) => (literals.has(name) ? `${name} = ${literals.get(name)}${rest}` : line));
}

const FRAGMENT = "#w=";

/** An address that carries a widget's values. @param {string} name @param {Control[]} controls */
export function toFragment(name, controls) {
  const changed = controls.filter((control) => control.value() !== control.initial);
  const parts = changed.map((control) => `&${control.name}=${encodeURIComponent(control.linked())}`);
  return `${FRAGMENT}${name}${parts.join("")}`;
}

/** What a fragment carries for a widget, or null. @param {string} fragment @param {string} name */
export function fromFragment(fragment, name) {
  if (!fragment.startsWith(FRAGMENT)) return null;
  const fields = new URLSearchParams(fragment.slice(1));
  return fields.get("w") === name ? fields : null;
}
