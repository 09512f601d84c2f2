// Rich text: Quill without its theme, with a toolbar of the panel's own. What comes out is plain HTML without styles.
// Loaded when a page has something to write. Tab leaves the editor, as it leaves every field.
import Embed from "quill/blots/embed.js";
import Quill from "quill/core.js";
import Blockquote from "quill/formats/blockquote.js";
import Bold from "quill/formats/bold.js";
import Italic from "quill/formats/italic.js";
import Link from "quill/formats/link.js";
import List from "quill/formats/list.js";
import Strike from "quill/formats/strike.js";
import Underline from "quill/formats/underline.js";
import { mould } from "../dom.js";
import { t } from "../texts.js";
import { fieldName, fieldsIn, parts, placeOf } from "./fields.js";

/** A field of a template: stands in the text by its name, goes out of the editor as its braces. */
class Field extends Embed {
  static blotName = "field";
  static tagName = "SPAN";
  static className = "template-field";

  static create(code) {
    const node = super.create(code);
    node.dataset.code = code;
    node.textContent = fieldName(code);
    return node;
  }

  static value(node) {
    return node.dataset.code;
  }

  html() {
    return `{{${this.domNode.dataset.code}}}`;
  }
}

const FORMATS = ["bold", "italic", "underline", "strike", "link", "list", "blockquote", "field"];
Quill.register({
  "formats/bold": Bold, "formats/italic": Italic, "formats/underline": Underline, "formats/strike": Strike,
  "formats/link": Link, "formats/list": List, "formats/blockquote": Blockquote, "formats/field": Field,
}, true);

export class Editor {
  /** place: an empty element; label: what is written here; changed: called when a person has changed it. */
  constructor(place, { label, html = "", changed = () => {} }) {
    this.bar = mould("format-bar");
    const area = document.createElement("div");
    area.className = "writing";
    place.classList.add("editor");
    place.replaceChildren(this.bar, area);
    this.quill = new Quill(area, { formats: FORMATS, modules: { keyboard: { bindings: { tab: null, "indent code-block": null } } } });
    delete this.quill.keyboard.bindings.Tab;
    this.quill.clipboard.addMatcher(Node.TEXT_NODE, (_node, delta) => withFields(delta));
    this.quill.root.setAttribute("role", "textbox");
    this.quill.root.setAttribute("aria-multiline", "true");
    this.quill.root.setAttribute("aria-label", label);
    this.quill.root.lang = document.documentElement.lang;
    if (html) this.set(html);
    this.bar.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays where it is
    this.bar.addEventListener("click", (event) => this.press(event.target.closest("button")));
    this.quill.on("editor-change", () => this.mark());
    this.quill.on("text-change", (_delta, _before, source) => source === "user" && changed());
  }

  /** What is written; "" for nothing. */
  html() {
    const found = this.quill.getSemanticHTML().replaceAll("&nbsp;", " ");
    return /[^\s]/.test(this.quill.getText()) || this.fields().length ? found : "";
  }

  /** Codes of the fields that stand in it, in their order. */
  fields() {
    return this.quill.getContents().ops.flatMap(({ insert }) => (typeof insert === "string" ? fieldsIn(insert) : (insert.field ?? [])));
  }

  /** Choose the first place of a field: what is typed next stands in its stead. False: it is not there. */
  choose(code) {
    let at = 0;
    for (const { insert } of this.quill.getContents().ops) {
      const text = typeof insert === "string";
      const found = text ? placeOf(code, insert) : insert.field === code && [0, 1];
      if (found) {
        this.quill.focus();
        this.quill.setSelection(at + found[0], found[1], "api");
        this.quill.scrollSelectionIntoView();
        return true;
      }
      at += text ? insert.length : 1;
    }
    return false;
  }

  /** Put a field where the cursor is. */
  put(code) {
    const { index, length } = this.quill.getSelection(true);
    this.quill.deleteText(index, length, "user");
    this.quill.insertEmbed(index, "field", code, "user");
    this.quill.setSelection(index + 1, 0, "user");
  }

  text() {
    return this.quill.getText();
  }

  /** Another text. */
  set(html) {
    this.quill.setContents(this.quill.clipboard.convert({ html }), "api");
    this.quill.history.clear();
  }

  /** Put HTML where the cursor is, or at the end. */
  insert(html) {
    const at = this.quill.getSelection()?.index ?? Math.max(this.quill.getLength() - 1, 0);
    this.quill.clipboard.dangerouslyPasteHTML(at, html, "user");
  }

  /** Cursor at the beginning. */
  focus() {
    this.quill.focus();
    this.quill.setSelection(0, 0, "api");
  }

  press(button) {
    if (!button) return;
    const { format, value } = button.dataset;
    const now = this.quill.getFormat();
    if (format === "link") return this.link(now.link);
    const wanted = value === "true" ? true : value;
    this.quill.format(format, now[format] === wanted ? false : wanted, "user");
  }

  link(before) {
    const given = window.prompt(t("Address of the link"), before || "https://");
    if (given === null) return;
    const address = given.trim();
    const range = this.quill.getSelection(true);
    if (!address || address === "https://") this.quill.format("link", false, "user");
    else if (range.length) this.quill.format("link", address, "user");
    else this.quill.insertText(range.index, address, { link: address }, "user");
  }

  mark() {
    if (!this.quill.hasFocus()) return;
    const now = this.quill.getFormat();
    for (const button of this.bar.children) {
      const { format, value } = button.dataset;
      button.setAttribute("aria-pressed", String(value === "true" ? !!now[format] : now[format] === value));
    }
  }
}

/** Braces of a field in a text become the field. */
function withFields(delta) {
  const ops = delta.ops.flatMap((op) => (typeof op.insert === "string" ? parts(op.insert).map((insert) => ({ ...op, insert })) : [op]));
  return new delta.constructor(ops);
}

/** A textarea of a form becomes an editor that writes into it. */
export function enrich(area) {
  const place = document.createElement("div");
  const label = document.getElementById(area.getAttribute("aria-labelledby"))?.textContent ?? "";
  area.before(place);
  area.hidden = true;
  const editor = new Editor(place, {
    label,
    html: area.value,
    changed: () => {
      area.value = editor.html();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  return editor;
}
