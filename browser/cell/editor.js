/** The editor of a cell: CodeMirror 6, fetched on focus or Run; a text field where it is not installed. */

/**
 * @typedef {object} Editor
 * @property {() => string} text
 * @property {(text: string) => void} setText
 * @property {(point?: {x: number, y: number}) => void} focus With the cursor at a point of the window.
 * @property {(line: number | null) => void} mark Mark the failing line (from 1); the next edit clears it.
 * @property {() => void} destroy
 *
 * @typedef {object} Options
 * @property {string} text
 * @property {string} label For screen readers; it says how to leave.
 * @property {() => void} onRun Ctrl+Enter, Cmd+Enter or Shift+Enter.
 * @property {() => void} onChange The text is another.
 * @property {(code: string, at: number) => Promise<import("../python/protocol.js").Completed | null>} complete What fits at a
 *   place; null where nobody can be asked.
 */

const AUTOCOMPLETE = "../editor/codemirror-autocomplete.js"; // the build makes it, as all that lies in that folder
const BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const UNSEEN = /[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/g;
const PROMPT = /^(?:>>>|\.\.\.) ?/;

/**
 * Pasted code as it was meant: letters that nobody sees become blanks or go, a session's prompts and a fence go.
 * @param {string} text
 */
export function mended(text) {
  const seen = text.replace(/\r\n?/g, "\n").replace(BLANKS, " ").replace(UNSEEN, "");
  let lines = seen.split("\n");
  if (/^\s*```/.test(lines[0]) && lines.length > 1) lines = lines.slice(1, /^\s*```\s*$/.test(lines.at(-1) ?? "") ? -1 : undefined);
  const filled = lines.filter((line) => line.trim());
  if (filled.length && lines[0].startsWith(">>>")) lines = lines.filter((line) => PROMPT.test(line)).map((line) => line.replace(PROMPT, ""));
  return lines.join("\n");
}

/**
 * CodeMirror writes `<style>` elements, which `style-src 'self'` forbids; below a shadow root it uses constructed
 * sheets, which it allows. So its set of styles is made there, and the document is given the same one.
 * @param {any} StyleModule
 */
function constructedStyles(StyleModule) {
  const shadow = document.createElement("div").attachShadow({ mode: "open" });
  StyleModule.mount(shadow, new StyleModule({}));
  for (const key of Object.getOwnPropertySymbols(shadow)) {
    if (String(key).includes("styleSet")) /** @type {any} */ (document)[key] = /** @type {any} */ (shadow)[key];
  }
}

/** @type {Promise<any[]> | null} */
let loading = null;

function load() {
  loading ??= Promise.all([
    "../editor/codemirror-state.js",
    "../editor/codemirror-view.js",
    "../editor/codemirror-commands.js",
    "../editor/codemirror-language.js",
    "../editor/codemirror-legacy-modes-python.js",
    "../editor/lezer-highlight.js",
    "../editor/style-mod.js",
  ].map((name) => import(name)));
  loading.catch(() => (loading = null));
  return loading;
}

/**
 * Names from the Python that runs, and on demand the signature of the call.
 * @param {any} autocomplete
 * @param {Options} options
 * @param {() => boolean} here Whether the reader still writes here.
 */
function completion(autocomplete, options, here) {
  const source = async (/** @type {any} */ context) => {
    const word = context.matchBefore(/[^\W\d]\w*(?:\.\w*)*/);
    if (!context.explicit && (!word || (word.text.length < 2 && !word.text.endsWith(".")))) return null;
    const found = await options.complete(context.state.doc.toString(), context.pos);
    if (!found || !here()) return null;
    const begun = context.state.sliceDoc(found.from, context.pos);
    const choices = found.names.filter(({ name }) => name !== begun).map(({ name, kind }) => ({ label: name, type: kind }));
    if (!context.explicit || !found.signature) return choices.length ? { from: found.from, options: choices } : null;
    const call = { label: found.signature.split("\n")[0], info: found.signature, apply: () => {} };
    return { from: context.pos, options: [call], filter: false };
  };
  return autocomplete.autocompletion({ override: [source], icons: false });
}

/**
 * @param {HTMLElement} parent
 * @param {Options} options
 * @returns {Promise<Editor>}
 */
export async function codeMirror(parent, options) {
  const [state, view, commands, language, mode, highlight, { StyleModule }] = await load();
  constructedStyles(StyleModule);
  const { EditorView, Decoration, keymap } = view;
  const run = () => {
    options.onRun();
    return true;
  };
  const completing = new state.Compartment();
  let asked = false;
  /** What helps those who write comes when somebody does. */
  async function helpWriting() {
    asked = true;
    const autocomplete = await import(AUTOCOMPLETE).catch(() => null);
    if (!autocomplete) return;
    const help = [
      autocomplete.closeBrackets(),
      state.Prec.high(keymap.of(autocomplete.closeBracketsKeymap)),
      completion(autocomplete, options, () => editor.hasFocus),
    ];
    editor.dispatch({ effects: completing.reconfigure(help) });
  }
  const setLine = state.StateEffect.define();
  const failingLine = state.StateField.define({
    create: () => Decoration.none,
    update(/** @type {any} */ marks, /** @type {any} */ change) {
      const effect = change.effects.find((/** @type {any} */ one) => one.is(setLine));
      if (effect) return effect.value ? Decoration.set(lineMark.range(change.state.doc.line(effect.value).from)) : Decoration.none;
      return change.docChanged ? Decoration.none : marks;
    },
    provide: (/** @type {any} */ field) => EditorView.decorations.from(field),
  });
  const lineMark = Decoration.line({ class: "wiki-cell__failing", attributes: { "aria-invalid": "true" } });
  /** @type {any} */
  const editor = new EditorView({
    parent,
    state: state.EditorState.create({
      doc: options.text,
      extensions: [
        keymap.of([
          { key: "Mod-Enter", run },
          { key: "Ctrl-Enter", run },
          { key: "Shift-Enter", run },
          // Tab indents only once somebody edits here: who passes through with Tab is not caught.
          { key: "Escape", run: () => (editor.setTabFocusMode(true), true) },
          commands.indentWithTab,
          ...commands.defaultKeymap,
          ...commands.historyKeymap,
        ]),
        commands.history(),
        language.StreamLanguage.define(mode.python),
        language.syntaxHighlighting(highlight.classHighlighter),
        language.bracketMatching(),
        view.lineNumbers(),
        view.highlightSpecialChars(),
        completing.of([]),
        EditorView.clipboardInputFilter.of(mended),
        language.indentOnInput(),
        language.indentUnit.of("    "),
        view.drawSelection(),
        failingLine,
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0", translate: "no" }),
        EditorView.updateListener.of((/** @type {any} */ update) => {
          if (update.docChanged && editor.hasFocus) editor.setTabFocusMode(false);
          if (!update.docChanged) return;
          options.onChange();
          if (!asked && editor.hasFocus) void helpWriting();
        }),
        EditorView.domEventHandlers({
          mousedown: () => editor.setTabFocusMode(false),
          blur: () => editor.setTabFocusMode(true),
        }),
      ],
    }),
  });
  editor.setTabFocusMode(true);
  return {
    text: () => editor.state.doc.toString(),
    setText: (text) => editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } }),
    focus(point) {
      editor.focus();
      if (!point) return;
      editor.setTabFocusMode(false);
      const at = editor.posAtCoords(point, false);
      editor.dispatch({ selection: { anchor: at } });
    },
    mark(line) {
      const value = line && line <= editor.state.doc.lines ? line : null;
      const effects = [setLine.of(value)];
      editor.dispatch({ effects });
    },
    destroy: () => editor.destroy(),
  };
}

/**
 * @param {HTMLElement} parent
 * @param {Options} options
 * @returns {Editor}
 */
export function textField(parent, options) {
  const field = document.createElement("textarea");
  field.className = "wiki-cell__field";
  field.spellcheck = false;
  field.setAttribute("aria-label", options.label);
  field.setAttribute("autocapitalize", "off");
  field.setAttribute("autocomplete", "off");
  field.wrap = "off";
  field.value = options.text;
  const fit = () => (field.rows = field.value.split("\n").length + 1);
  fit();
  field.addEventListener("input", () => {
    field.removeAttribute("aria-invalid");
    fit();
    options.onChange();
  });
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (mended(text) === text) return;
    event.preventDefault();
    field.setRangeText(mended(text), field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input"));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    options.onRun();
  });
  parent.append(field);
  return {
    text: () => field.value,
    setText(text) {
      field.value = text;
      fit();
    },
    focus: () => field.focus(),
    mark(line) {
      field.setAttribute("aria-invalid", String(line !== null));
      if (line === null) return;
      const before = field.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      field.setSelectionRange(before, before + (field.value.split("\n")[line - 1] ?? "").length);
    },
    destroy: () => field.remove(),
  };
}
