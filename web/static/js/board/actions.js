// What a supervisor does from the board: each button opens a dialog, each dialog says what went wrong and stays open.
import { api, requestId } from "../api.js";
import { $, fill, mould, show } from "../dom.js";
import { expectLeg } from "../phone.js";
import { t, tn } from "../texts.js";
import { toast } from "../toasts.js";
import { standing } from "./agents.js";

const FREE = ["ready", "paused", "away", "off", "after-call"];
let known; // what the board knows
let who; // the row that is acted on: a call's or a person's id

export function startActions(place, state) {
  known = state;
  who = "";
  place.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (event.target.closest("[data-pick]")) openPick(place, key);
    else if (event.target.closest("[data-agent]")) openAgent(place, key);
    else if (event.target.closest("[data-call]")) openCall(place, key);
  });
  startAgent(place);
  startCall(place);
  startTell(place);
}

/** Ask the server; done: what to say then. The dialog closes where it was done, unless it is to stay. */
async function act(dialog, work, done, stays) {
  fill(dialog, { fault: "" });
  try {
    const answer = await work();
    if (!stays) dialog.close();
    toast(typeof done === "function" ? done(answer) : done);
  } catch (refusal) {
    fill(dialog, { fault: refusal.message });
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
  const row = known.calls.get(call);
  const list = $("#board-pick-who", dialog);
  const people = [...known.agents.values()].filter((one) => FREE.includes(one.standing) && one.device === "idle");
  people.sort((a, b) => FREE.indexOf(a.standing) - FREE.indexOf(b.standing) || a.name.localeCompare(b.name));
  list.replaceChildren(
    ...people.map((one) => {
      const item = fill(mould("board-choice"), { name: one.name, standing: standing(one.standing) });
      $("button", item).addEventListener("click", () =>
        act(dialog, () => api("POST", `/board/calls/${encodeURIComponent(call)}/pick`, { user_id: one.id }), t("{name}'s phone rings.", { name: one.name })));
      return item;
    }),
  );
  open(dialog, t("Who takes {client}?", { client: named(row?.who) }));
  if (!people.length) fill(dialog, { fault: t("Nobody's phone is free now.") });
}

// A person ---------------------------------------------------------------------------------------------------------------
const agent = () => known.agents.get(who);
const path = (what) => `/board/agents/${who}/${what}`;

function openAgent(place, id) {
  const dialog = $("#board-agent", place);
  who = id;
  const row = agent();
  if (!row) return;
  drawPlaces(dialog, row);
  const spy = $("#board-spy", dialog);
  if (spy) {
    const why = String(row.id) === place.dataset.me ? t("These are your own calls.") : row.standing !== "talking" ? t("{name} does not talk now: there is nothing to hear.", { name: row.name }) : "";
    fill(spy, {});
    $("#board-spy-off", spy).textContent = why;
    for (const button of spy.querySelectorAll("button, input")) button.disabled = !!why;
  }
  open(dialog, row.name);
}

function startAgent(place) {
  const dialog = $("#board-agent", place);
  $("#board-spy", dialog)?.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = requestId();
    const body = { how: event.submitter?.value ?? "listen", why: $("#board-spy-why", dialog).value, request_id: id };
    act(dialog, async () => {
      await expectLeg(id);
      await api("POST", path("spy"), body);
    }, t("Your phone rings: pick up to hear {name}.", { name: agent()?.name ?? "" }));
  });
  $("#board-state", dialog)?.addEventListener("submit", (event) => {
    event.preventDefault();
    const [to, reason = ""] = $("#board-state-to", dialog).value.split(/:(.*)/s);
    act(dialog, () => api("PUT", path("state"), { state: to, reason }), ({ told }) => (told ? t("Done.") : t("Done; the PBX is told when its link is back.")));
  });
  $("#board-say", dialog)?.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("#board-say-text", dialog);
    act(dialog, () => api("POST", "/board/messages", { user_id: Number(who), text: text.value }), t("Sent."));
    text.value = "";
  });
  $("#board-places", dialog)?.addEventListener("change", (event) => {
    const row = event.target.closest("li");
    const body = { queue: row.dataset.queue, there: $("[type=checkbox]", row).checked, penalty: Number($("[type=number]", row).value) || 0 };
    const said = body.there ? t("{name} works in {queue}.", { name: agent()?.name ?? "", queue: body.queue }) : t("{name} works in {queue} no more.", { name: agent()?.name ?? "", queue: body.queue });
    act(dialog, () => api("PUT", path("place"), body), said, true);
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
  show($("#board-give", dialog), row.state === "waiting");
  $("#board-take", dialog).disabled = row.state !== "talking" && row.state !== "held";
  open(dialog, named(row.who));
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
  $("#board-announce", dialog).addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("#board-tell-text", dialog);
    const body = { text: text.value, team_id: teams.value ? Number(teams.value) : null };
    act(dialog, () => api("POST", "/board/messages", body), ({ told }) => tn("Told {n} person.", "Told {n} people.", told));
    text.value = "";
  });
}
