// People: what each chose, how his phone is, with whom he talks, his day so far.
import { $, fill } from "../dom.js";
import { duration, t, word } from "../texts.js";
import { shownAgent } from "./filters.js";
import { lead } from "./leads.js";
import { changedIn, keep, label, since, who } from "./rows.js";

const ORDER = ["talking", "listening", "ringing", "after-call", "ready", "paused", "away", "off"];
const KIND = { talking: "talk", listening: "hold", ringing: "ring", "after-call": "wrap", ready: "free", paused: "", away: "miss", off: "" };

/** What a person is, in a word. */
export function standing(code) {
  return {
    talking: t("talks"), listening: t("listens to a talk"), ringing: t("rings"), "after-call": t("work after the call"), ready: t("ready"), paused: t("not ready"),
    away: t("phone out of reach"), off: t("not in queues"),
  }[code];
}

export function startAgents(place, state) {
  const list = $("#board-agents", place);
  const sort = $("#board-sort", place);
  const draw = (news) => {
    const changed = changedIn(news, "agents");
    if (changed && !changed.size) return;
    const rows = [...state.agents].filter(([, row]) => shownAgent(row)).sort(([, a], [, b]) => by[sort?.value ?? "name"](a, b) || a.name.localeCompare(b.name));
    keep(list, "board-agent", rows, paint, changed);
    $("#board-no-agents", place).hidden = rows.length > 0;
  };
  sort?.addEventListener("change", () => draw());
  return { draw };
}

const by = {
  state: (a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing),
  time: (a, b) => a.since - b.since,
  name: () => 0,
};

function paint(line, row) {
  line.dataset.pbxes = row.pbxes.join(" ");
  const own = row.standing === "paused" || row.standing === "away" || (row.chosen !== "ready" && row.chosen !== "logged-off");
  const there = row.places.filter((one) => one.there);
  fill(line, {
    name: row.name, extension: row.extension, team: row.team, standing: standing(row.standing), chosen: own && row.chosen_text !== standing(row.standing) ? row.chosen_text : "",
    device: row.standing === "listening" ? "" : word("device", row.device), queue: row.queue ?? "",
    places: there.map((one) => (one.penalty ? `${one.queue} (${one.penalty})` : one.queue)).join(", "),
    answered: row.today.answered, talk: duration(row.today.talk_s), missed: row.today.missed, paused: duration(row.today.paused_s),
  });
  $(".tag", line).className = `tag ${KIND[row.standing]}`;
  since($('[data-f="timer"]', line), row.standing === "off" ? 0 : row.since);
  const budget = $('[data-f="budget"]', line).dataset;
  if (row.pause) Object.assign(budget, { budget: row.pause.budget_s, from: row.pause.since - row.pause.used_s });
  else {
    delete budget.budget;
    fill(line, { budget: "" });
  }
  lead(line, { user: row.id });
  label($("[data-agent]", line), row.name);
  who($(".who", line), row.who);
}
