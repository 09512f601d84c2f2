// Colleagues and one's own phone, as the PBX sees them: a word goes with every colour.
import { clone, t } from "./base.js";

const WORDS = { idle: "free", ringing: "ringing", "in-call": "in a call", "on-hold": "on hold", busy: "busy", unreachable: "phone not registered", unknown: "not known" };
const own = Number(document.body.dataset.user);
const people = new Map();

export function onAgent(agent) {
  people.set(agent.id, agent);
  paint();
}

export function replaceAgents(agents) {
  people.clear();
  for (const agent of agents) people.set(agent.id, agent);
  paint();
}

function paint() {
  const mine = people.get(own);
  const pill = document.getElementById("mystate");
  const state = mine?.device ?? "unknown";
  pill.className = `pill ${state}`;
  pill.textContent = t("Phone: {state}", { state: t(WORDS[state]) });
  const rows = [...people.values()].filter((one) => one.id !== own).map((one) => {
    const { root, at } = clone("t-person");
    at("name").textContent = one.name;
    at("state").textContent = `${one.extension} · ${t(WORDS[one.device])}`;
    root.firstElementChild.className = one.device;
    root.firstElementChild.title = one.online ? t("panel open") : t("panel closed");
    return root;
  });
  document.getElementById("people").replaceChildren(...rows);
}
