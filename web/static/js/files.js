// Files of a client or a contract: chosen or dropped, sent with a bar that moves; the page shows them when they are there.
import { $, onPage, show } from "./dom.js";
import { csrf } from "./api.js";
import { go } from "./sections.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

export function startFiles() {
  document.addEventListener("change", bringOne);
  onPage("[data-files]", (place) => {
    const input = $("[data-bring]", place);
    if (!input) return;
    input.addEventListener("change", () => sendAll(place, [...input.files]));
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      sendAll(place, [...event.dataTransfer.files]);
    });
  });
}

/** One file for an address of its own: a newer one of the library, a sound of a plan. */
async function bringOne({ target }) {
  if (!target.dataset?.newer || !target.files.length) return;
  const label = target.closest("label");
  label.setAttribute("aria-busy", "true");
  try {
    await send(target.dataset.newer, target.files[0], () => {});
    go(location.pathname + location.search);
  } catch (error) {
    toast(error.message);
  } finally {
    label.removeAttribute("aria-busy");
    target.value = "";
  }
}

async function sendAll(place, files) {
  const bar = $("progress", place);
  const fault = $(".fault", place);
  show(fault, false);
  show(bar, true);
  try {
    for (const file of files) await send(place.dataset.files, file, (part) => (bar.value = part));
    go(location.pathname + location.search);
  } catch (error) {
    fault.textContent = error.message;
    show(fault, true);
  } finally {
    show(bar, false);
  }
}

/** Send a file as the body; resolves to the answer. */
export function send(path, file, moved) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && moved(event.loaded / event.total));
    request.addEventListener("load", () => (request.status < 400 ? done(JSON.parse(request.responseText)) : failed(new Error(said(request)))));
    request.addEventListener("error", () => failed(new Error(t("The server does not answer. Nothing is lost: try again."))));
    request.send(file);
  });
}

function said(request) {
  try {
    const { detail, title } = JSON.parse(request.responseText);
    return detail || title;
  } catch {
    return t("It did not work. Try again.");
  }
}
