// A board on a screen without a person: by a link alone, for days. It comes back by itself, whatever went away.
import { $, fill, show } from "../dom.js";
import { moment, t } from "../texts.js";
import { showBoard } from "./board.js";
import { startWall } from "./wall.js";

const QUIET_MS = 10_000; // the server speaks every second
const AGAIN_MS = [500, 2000, 5000];
const REFUSED_MS = 30_000;

const place = $("#board");
let screen = { tiles: [], rotate_s: 0 };
let lostAt = 0;

showBoard(place, (hear) => {
  keep(hear);
  return () => {};
}, { turn: startWall(place, () => screen, () => true) });
$("#board-full", place).addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
  place.focus({ preventScroll: true }); // so that Space is no press of the button
});
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

/** The board, again and again. */
async function keep(hear) {
  for (let turn = 0; ; turn += 1) {
    let refused = "";
    try {
      await listen((news) => {
        turn = -1;
        delete place.dataset.refused;
        lost("");
        hear(news);
      });
    } catch (error) {
      refused = error instanceof Refused ? error.message : "";
      if (refused) place.dataset.refused = "yes"; // what may not be shown any more is not left standing
    }
    lost(refused || t("No connection to the server. What is grey is how it last was; the board comes back by itself."));
    await new Promise((resolve) => setTimeout(resolve, refused ? REFUSED_MS : AGAIN_MS[Math.min(Math.max(turn, 0), AGAIN_MS.length - 1)]));
  }
}

class Refused extends Error {}

/** One connection, until it ends; throws where it cannot be made. */
async function listen(hear) {
  const ends = new AbortController();
  let quiet = setTimeout(() => ends.abort(), QUIET_MS);
  try {
    const headers = { Authorization: `Bearer ${location.hash.slice(1)}` };
    const answer = await fetch("/tv/news", { headers, signal: ends.signal, cache: "no-store", credentials: "omit" });
    if (answer.status === 401) throw new Refused(t("This link opens no board: it was revoked, its time is over, or who made it may not show one any more."));
    if (answer.status === 429) throw new Refused(t("Too many screens show this link: make another one for this screen."));
    if (!answer.ok) throw new Error(String(answer.status));
    const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await lines.read();
      if (done) return;
      clearTimeout(quiet);
      quiet = setTimeout(() => ends.abort(), QUIET_MS);
      const whole = (rest + value).split("\n");
      rest = whole.pop();
      for (const line of whole.map(JSON.parse)) "version" in line ? begin(line) : hear(line);
    }
  } finally {
    clearTimeout(quiet);
    ends.abort();
  }
}

/** What the link is. A server of another version has another page. */
function begin(told) {
  if (told.version !== place.dataset.version && sessionStorage.getItem("version") !== told.version) {
    sessionStorage.setItem("version", told.version);
    location.reload();
  }
  screen = told;
  fill(place, { name: told.name });
  document.title = told.name;
}

function lost(text) {
  lostAt = text ? lostAt || Date.now() / 1000 : 0;
  const since = lostAt ? t("Since {time}.", { time: moment(lostAt) }) : "";
  fill($("#screen-lost", place), { text: [text, since].filter(Boolean).join(" ") });
  show($("#screen-lost", place), !!text);
  if (text) show($("#board-wait", place), false);
}

async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => null);
}
