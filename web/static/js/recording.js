// The player of a recording: asked for when it is first played, so that hearing it is one line in the access journal.
import { $, fill } from "./dom.js";
import { api } from "./api.js";
import { duration } from "./texts.js";
import { toast } from "./toasts.js";

const STEP_S = 10;
const sounds = new WeakMap();
let playing = null; // one at a time

let asked = null; // the entry of a client's history in which one comes

const place = (event) => event.target.closest?.("[data-recording]");

export function startRecordings() {
  document.addEventListener("htmx:after:swap", () => {
    $("[data-play]", asked ?? document.createElement("p"))?.focus();
    asked = asked && !$("[data-recording]", asked) ? asked : null;
  });
  document.addEventListener("click", (event) => {
    asked = event.target.closest("button.hear")?.closest("li") ?? asked;
    const box = place(event);
    if (!box) return;
    const { target } = event;
    const jump = target.closest("[data-at]");
    const skip = target.closest("[data-skip]");
    const wave = target.closest(".wave");
    if (target.closest("[data-play]")) toggle(box);
    else if (jump) go(box, Number(jump.dataset.at), true);
    else if (skip) go(box, at(box) + Number(skip.dataset.skip));
    else if (wave) go(box, ((event.clientX - wave.getBoundingClientRect().left) / wave.clientWidth) * length(box), true);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-recording] .seek")) go(place(event), Number(event.target.value));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-recording] [data-speed]")) speed(place(event));
  });
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  const box = place(event);
  const { target, key } = event;
  if (!box || event.ctrlKey || event.metaKey || event.altKey || target.matches("select, input:not(.seek), textarea")) return;
  const steps = { j: -STEP_S, l: STEP_S };
  if (key === " " && !target.matches("button, summary, a")) toggle(box);
  else if (key.toLowerCase() in steps) go(box, at(box) + steps[key.toLowerCase()]);
  else if (key === "<" || key === ">") {
    const select = $("[data-speed]", box);
    select.selectedIndex = Math.min(Math.max(select.selectedIndex + (key === ">" ? 1 : -1), 0), select.options.length - 1);
    speed(box);
  } else return;
  event.preventDefault();
}

const length = (box) => Number(box.dataset.length);
const at = (box) => Number($(".seek", box).value);

async function toggle(box) {
  const sound = sounds.get(box);
  if (sound && !sound.paused) sound.pause();
  else await play(box);
}

/** From a place on; begin: play from there. */
function go(box, seconds, begin = false) {
  const to = Math.min(Math.max(seconds, 0), length(box));
  $(".seek", box).value = to;
  draw(box);
  const sound = sounds.get(box);
  if (sound) sound.currentTime = to;
  if (begin) play(box);
}

async function play(box) {
  try {
    const sound = sounds.get(box) ?? (await open(box));
    if (playing && playing !== sound) playing.pause();
    if (at(box) >= length(box) - 0.05) sound.currentTime = 0;
    playing = sound;
    await sound.play();
  } catch (refusal) {
    if (refusal.name !== "AbortError") toast(refusal.message);
  }
}

async function open(box) {
  const { url } = await api("POST", `/recordings/${box.dataset.recording}/listens`);
  const sound = new Audio(url);
  sounds.set(box, sound);
  sound.currentTime = at(box);
  for (const name of ["timeupdate", "play", "pause", "ended"]) {
    sound.addEventListener(name, () => {
      if (!box.isConnected) return sound.pause(); // its page went
      $(".seek", box).value = sound.currentTime;
      draw(box);
    });
  }
  sound.addEventListener("error", () => {
    sounds.delete(box); // opened too long ago, or gone: the next Play asks anew
    draw(box);
  });
  speed(box);
  return sound;
}

function speed(box) {
  const sound = sounds.get(box);
  if (sound) sound.playbackRate = Number($("[data-speed]", box).value);
}

function draw(box) {
  const sound = sounds.get(box);
  const plays = !!sound && !sound.paused && !sound.ended;
  const seek = $(".seek", box);
  const button = $("[data-play]", box);
  const words = $("[data-f=play]", button).dataset;
  fill(box, { at: duration(at(box)), play: plays ? words.on : words.off });
  button.setAttribute("aria-pressed", plays);
  seek.setAttribute("aria-valuetext", duration(at(box)));
  const heard = $(".heard", box);
  heard?.setAttribute("width", ((at(box) / length(box)) * heard.ownerSVGElement.viewBox.baseVal.width).toFixed(1));
}
