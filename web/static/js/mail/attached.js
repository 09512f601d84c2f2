// Files of the letter that is being written: brought from this computer with a bar that moves, or taken from elsewhere.
import { $, fill, mould, show } from "../dom.js";
import { api } from "../api.js";
import { send } from "../files.js";
import { t } from "../texts.js";
import { toast } from "../toasts.js";

/** A size as people say it. */
export function size(bytes) {
  const units = [[1 << 20, () => t("{n} MiB", { n: (bytes / (1 << 20)).toFixed(1) })], [1024, () => t("{n} KiB", { n: Math.round(bytes / 1024) })]];
  const [, say] = units.find(([from]) => bytes >= from) ?? [0, () => t("{n} B", { n: bytes })];
  return say();
}

export class Attached {
  /** list: where they stand; letter: gives the id of the draft. */
  constructor(list, letter) {
    this.list = list;
    this.letter = letter;
    this.files = [];
  }

  set(files) {
    this.files = files.filter((one) => !one.inline);
    this.list.replaceChildren(...this.files.map((one) => this.row(one)));
  }

  row(one) {
    const li = fill(mould("attached"), { name: one.name, size: size(one.size) });
    $("a", li).href = `/api/v1/outbox/files/${one.id}`;
    const button = $("button", li);
    button.setAttribute("aria-label", t("Take {name} off", { name: one.name }));
    button.addEventListener("click", () => this.drop(one));
    return li;
  }

  async drop(one) {
    try {
      await api("DELETE", `/outbox/${this.letter()}/files/${one.id}`);
      this.set(this.files.filter((file) => file.id !== one.id));
    } catch (refusal) {
      toast(refusal.message);
    }
  }

  /** From this computer, one after another. */
  async bring(files) {
    for (const file of files) {
      const li = fill(mould("attached"), { name: file.name, size: size(file.size) });
      const bar = $("progress", li);
      show(bar, true);
      show($("button", li), false);
      this.list.append(li);
      try {
        const { id } = await send(`/api/v1/outbox/${this.letter()}/files`, file, (part) => (bar.value = part));
        this.files.push({ id, name: file.name, size: file.size });
        li.replaceWith(this.row(this.files.at(-1)));
      } catch (error) {
        li.remove();
        toast(`${file.name}: ${error.message}`);
      }
    }
  }

  /** From the client's files or the library. */
  async take(source, file) {
    const { id } = await api("POST", `/outbox/${this.letter()}/attach`, { source, file_id: file.id });
    this.files.push({ id, name: file.name, size: file.size });
    this.set(this.files);
  }
}
