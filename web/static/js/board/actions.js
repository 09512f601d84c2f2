// What a supervisor does from the board: each button opens a dialog, each dialog says what went wrong and stays open.
import { api, requestId } from "../api.js";
import { $, $$, fill, mould, show } from "../dom.js";
import { expectLeg } from "../phone.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { standing } from "./agents.js";
import { keep } from "./rows.js";

const FREE = ["ready", "paused", "away", "off", "after-call"];
let known; // what the board knows
let who; // the row that is acted on: a call's or a person's id

/** Gives what is to be done after each news: an open dialog goes with them. */
export function startActions(place, state) {
  known = state;
  who = "";
  place.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (event.target.closest("[data-pick]")) openPick(place, key);
    else if (event.target.closest("[data-agent]")) openAgent(place, key);
    else if (event.target.closest("[data-call]")) openCall(place, key);
  });
  startPick(place);
  startAgent(place);
  startCall(place);
  startTell(place);
  return () => {
    if ($("#board-pick", place).open) drawPick(place);
    if ($("#board-agent", place).open) drawAgent(place);
    if ($("#board-call", place).open) drawCall(place);
  };
}

/** Ask the server; done: what to say then. The dialog closes where it was done, unless it is to stay. Gives whether. */
async function act(dialog, work, done, stays) {
  fill(dialog, { fault: "" });
  try {
    const answer = await work();
    if (!stays) dialog.close();
    toast(typeof done === "function" ? done(answer) : done);
    return true;
  } catch (refusal) {
    fill(dialog, { fault: refusal.message });
    return false;
  }
}

function open(dialog, title) {
  fill(dialog, { title, fault: "" });
  dialog.showModal();
}

const named = (one) => one?.name || String(one?.shown ?? "").split("§")[0] || t("number hidden");

// A caller is given to somebody ------------------------------------------------------------------------------------------
function openPick(place, call) {
  const dialog = $("#board-pick", place);
  who = call;
  open(dialog, t("Who takes {client}?", { client: named(known.calls.get(call)?.who) }));
  drawPick(place);
}

/** Who is free, as it is now; and whether the caller is still there. */
function drawPick(place) {
  const dialog = $("#board-pick", place);
  const waits = known.calls.get(who)?.state === "waiting";
  const people = waits ? [...known.agents].filter(([, one]) => FREE.includes(one.standing) && one.device === "idle") : [];
  people.sort(([, a], [, b]) => FREE.indexOf(a.standing) - FREE.indexOf(b.standing) || a.name.localeCompare(b.name));
  keep($("#board-pick-who", dialog), "board-choice", people, (item, one) => fill(item, { name: one.name, standing: standing(one.standing) }));
  const none = !waits ? t("This caller does not wait any more.") : people.length ? "" : t("Nobody's phone is free now.");
  fill(dialog, { none });
}

function startPick(place) {
  const dialog = $("#board-pick", place);
  $("#board-pick-who", dialog).addEventListener("click", (event) => {
    const id = event.target.closest("button")?.closest("li").dataset.key;
    if (!id) return;
    const rung = t("{name}'s phone rings.", { name: known.agents.get(id)?.name ?? "" });
    act(dialog, () => api("POST", `/board/calls/${encodeURIComponent(who)}/pick`, { user_id: Number(id) }), rung);
  });
}

// A person ---------------------------------------------------------------------------------------------------------------
const agent = () => known.agents.get(who);
const path = (what) => `/board/agents/${who}/${what}`;

function openAgent(place, id) {
  const dialog = $("#board-agent", place);
  who = id;
  const row = agent();
  if (!row) return;
  if (dialog.dataset.of !== id) for (const one of $$("#board-spy-why, #board-say-text", dialog)) one.value = ""; // said of another person
  dialog.dataset.of = id;
  drawPlaces(dialog, row);
  drawAgent(place);
  const states = $("#board-state-to", dialog);
  if (states) states.selectedIndex = Math.max(0, [...states.options].findIndex((one) => one.text === row.chosen_text));
  open(dialog, row.name);
}

/** What may be heard now: the talk begins and ends while the dialog is open. */
function drawAgent(place) {
  const row = agent();
  const spy = $("#board-spy", place);
  if (!row || !spy) return;
  const why = String(row.id) === place.dataset.me ? t("These are your own calls.") : row.standing !== "talking" ? t("{name} does not talk now: there is nothing to hear.", { name: row.name }) : "";
  const off = $("#board-spy-off", spy);
  if (off.textContent !== why) off.textContent = why;
  for (const button of spy.querySelectorAll("button")) button.disabled = !!why;
}

function startAgent(place) {
  const dialog = $("#board-agent", place);
  $("#board-spy", dialog)?.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = requestId();
    const name = agent()?.name ?? "";
    const body = { how: event.submitter?.value ?? "listen", why: $("#board-spy-why", dialog).value, request_id: id };
    act(dialog, async () => {
      await expectLeg(id);
      return api("POST", path("spy"), body);
    }, ({ rings }) => (rings === "browser" ? t("You hear {name} in a moment: the phone in the browser picks up by itself.", { name }) : t("Your phone rings: pick up to hear {name}.", { name })));
  });
  $("#board-state", dialog)?.addEventListener("submit", (event) => {
    event.preventDefault();
    const [to, reason = ""] = $("#board-state-to", dialog).value.split(/:(.*)/s);
    act(dialog, () => api("PUT", path("state"), { state: to, reason }), ({ told }) => (told ? t("Done.") : t("Done; the PBX is told when its link is back.")));
  });
  $("#board-say", dialog)?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = $("#board-say-text", dialog);
    if (await act(dialog, () => api("POST", "/board/messages", { user_id: Number(who), text: text.value }), t("Sent."))) text.value = "";
  });
  $("#board-places", dialog)?.addEventListener("change", async (event) => {
    const row = event.target.closest("li");
    $("[type=number]", row).disabled = !$("[type=checkbox]", row).checked;
    const body = { queue: row.dataset.queue, there: $("[type=checkbox]", row).checked, penalty: Number($("[type=number]", row).value) || 0 };
    const named = { name: agent()?.name ?? "", queue: body.queue, n: body.penalty };
    const said = event.target.type === "number" ? t("{name}: penalty {n} in {queue}.", named) : body.there ? t("{name} works in {queue}.", named) : t("{name} works in {queue} no more.", named);
    if (!(await act(dialog, () => api("PUT", path("place"), body), said, true))) drawPlaces(dialog, agent());
  });
}

function drawPlaces(dialog, row) {
  const list = $("#board-places", dialog);
  if (!list) return;
  const mine = new Map(row.places.map((one) => [one.queue, one]));
  list.replaceChildren(
    ...[...known.queues.keys()].sort().map((queue) => {
      const item = fill(mould("board-place"), { queue });
      item.dataset.queue = queue;
      $("[type=checkbox]", item).checked = mine.has(queue);
      $("[type=number]", item).value = mine.get(queue)?.penalty ?? 0;
      $("[type=number]", item).disabled = !mine.has(queue);
      return item;
    }),
  );
}

// A call -----------------------------------------------------------------------------------------------------------------
function openCall(place, id) {
  const dialog = $("#board-call", place);
  const row = known.calls.get(id);
  who = id;
  if (!row) return;
  fill(dialog, { end: t("End the call") });
  $("#board-end", dialog).dataset.sure = "";
  drawCall(place);
  open(dialog, named(row.who));
}

/** What may be done with the call now: it is answered, and ends, while the dialog is open. */
function drawCall(place) {
  const dialog = $("#board-call", place);
  const row = known.calls.get(who);
  show($("#board-give", dialog), row?.state === "waiting");
  $("#board-take", dialog).disabled = row?.state !== "talking" && row?.state !== "held";
  $("#board-end", dialog).disabled = !row;
  if (!row) fill(dialog, { fault: t("This call is over.") });
}

function startCall(place) {
  const dialog = $("#board-call", place);
  const call = (what) => api("POST", `/board/calls/${encodeURIComponent(who)}/act`, { what });
  $("#board-take", dialog).addEventListener("click", () => act(dialog, () => call("take-over"), t("Your phone rings: pick up to talk with the client.")));
  $("#board-give", dialog).addEventListener("click", () => {
    dialog.close();
    openPick(place, who);
  });
  $("#board-end", dialog).addEventListener("click", ({ currentTarget: button }) => {
    if (button.dataset.sure) return act(dialog, () => call("end"), t("The call was ended."));
    button.dataset.sure = "yes"; // what is hung up cannot be taken back
    fill(button, { end: t("End it for everybody? Press again") });
  });
}

// Words ------------------------------------------------------------------------------------------------------------------
function startTell(place) {
  const dialog = $("#board-tell", place);
  const teams = $("#board-tell-team", dialog);
  $("#board-tell-open", place)?.addEventListener("click", () => {
    const names = new Map([...known.agents.values()].filter((one) => one.team_id).map((one) => [one.team_id, one.team]));
    teams.replaceChildren(new Option(t("Everybody"), ""), ...[...names].map(([id, name]) => new Option(name, id)));
    open(dialog, "");
  });
  $("#board-announce", dialog).addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = $("#board-tell-text", dialog);
    const body = { text: text.value, team_id: teams.value ? Number(teams.value) : null };
    const done = await act(dialog, () => api("POST", "/board/messages", body), ({ told }) => tn("Told {n} person.", "Told {n} people.", told));
    if (done) text.value = "";
  });
}
