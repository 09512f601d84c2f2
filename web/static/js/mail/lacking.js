// Fields that a template left empty in a letter: named above its foot, each led to by a press, until they are filled in.
import { $, show } from "../dom.js";
import { fieldName, fieldsIn, placeOf } from "./fields.js";

export class Lacking {
  constructor(place, subject, editor) {
    this.place = place;
    this.subject = subject;
    this.editor = editor;
    place.addEventListener("click", ({ target }) => target.dataset.code && this.choose(target.dataset.code));
  }

  codes() {
    return [...new Set([...fieldsIn(this.subject.value), ...this.editor.fields()])];
  }

  draw() {
    const codes = this.codes();
    const drawn = codes.join();
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    $("[data-fields]", this.place).replaceChildren(...codes.map(button));
    show(this.place, codes.length > 0);
  }

  /** Choose a field, the first one where none is named: what is typed stands in its stead. False: there is none. */
  choose(code = this.codes()[0]) {
    if (!code) return false;
    if (this.editor.choose(code)) return true;
    const found = placeOf(code, this.subject.value);
    if (!found) return false;
    this.subject.focus();
    this.subject.setSelectionRange(found[0], found[0] + found[1]);
    return true;
  }
}

function button(code) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: fieldName(code) });
  made.dataset.code = code;
  return made;
}
