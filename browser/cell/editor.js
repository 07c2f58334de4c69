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
 */

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
  const names = ["state", "view", "commands", "language", "legacy-modes-python"].map((name) => `codemirror-${name}`);
  loading ??= Promise.all([...names, "lezer-highlight", "style-mod"].map((name) => import(`../editor/${name}.js`)));
  loading.catch(() => (loading = null));
  return loading;
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
        language.indentOnInput(),
        language.indentUnit.of("    "),
        view.drawSelection(),
        failingLine,
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0", translate: "no" }),
        EditorView.updateListener.of((/** @type {any} */ update) => {
          if (update.docChanged && editor.hasFocus) editor.setTabFocusMode(false);
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
