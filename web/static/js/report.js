// A report: shown anew as soon as a choice changes; its chart says the same as its table.
import { $, $$, onPage } from "./dom.js";
import { toast } from "./toasts.js";

const COLORS = ["accent", "hold", "ring", "wrap", "miss", "talk", "muted", "edge-strong"];
const MOST_BARS = 40;
const LINE = 12; // characters below a bar
const FEW = 8; // bars wide enough for their names

export function startReport() {
  onPage("[data-report-form]", (form) => {
    form.addEventListener("change", (event) => changed(form, event.target));
    for (const chip of $$("[data-since]")) chip.addEventListener("click", () => choose(form, chip.dataset));
  });
  onPage("[data-slider]", (slider) => {
    const output = slider.parentElement.querySelector("output");
    slider.addEventListener("input", () => { output.textContent = `${slider.value > 0 ? "+" : ""}${slider.value}${output.dataset.unit}`; });
    slider.addEventListener("change", () => slider.form.requestSubmit());
  });
  onPage("#chart", (canvas) => draw(canvas).catch((error) => toast(error.message)));
}

/** Shown anew, unless more has to be said first: with which days, with which team. */
function changed(form, field) {
  if (field.name === "compare") {
    for (const one of $$("[data-compare-with]", form)) one.hidden = one.dataset.compareWith !== field.value;
    const more = $(`[data-compare-with="${CSS.escape(field.value)}"] :is(input, select)`, form);
    if (more) return more.focus();
  }
  if (field.matches("select") || (field.name === "until2" && form.elements.since2.value)) form.requestSubmit();
}

function choose(form, { since, until }) {
  form.elements.since.value = since;
  form.elements.until.value = until;
  form.requestSubmit();
}

async function draw(canvas) {
  const { Chart, registerables } = await import("chart.js");
  if (!canvas.isConnected) return;
  Chart.register(...registerables);
  const rows = [...$$("#report tbody tr").slice(0, canvas.dataset.most || MOST_BARS), ...$$("#report tfoot tr[data-bar]")];
  const series = $$("#report thead th[data-series]");
  const columns = series.length ? series : $$("#report thead th").slice(1, -2);
  const heads = columns.map((one) => ($(".defined", one) || one).textContent);
  const tints = columns.map((one) => one.dataset.tint || one.dataset.series);
  const names = heads.length ? heads : [$("#report caption").textContent];
  const cell = (row, place) => (series.length ? row.cells[series[place].cellIndex] : $$("td[data-value]", row)[place]);
  const value = (row, place) => {
    const { value = 0, from } = cell(row, place)?.dataset || {};
    return from === undefined ? Number(value) : [Number(from), Number(value)]; // a step of a waterfall floats
  };
  const datasets = names.map((label, place) => {
    const own = series.length ? rows.map((row) => cell(row, place)?.dataset.tint) : [];
    const tint = own.some(Boolean) ? own : tints[place];
    return { label, tint, data: rows.map((row) => value(row, place)), ...paint(place, tint) };
  });
  const stacked = canvas.dataset.stacked === "yes";
  const color = shade("muted");
  const grid = { color: shade("edge") };
  const ticks = { color, ...(datasets.every(({ data }) => data.flat().every(Number.isInteger)) && { precision: 0 }) };
  const chart = new Chart(canvas, {
    type: canvas.dataset.kind,
    data: { labels: rows.map((row) => broken($("th", row).textContent)), datasets },
    options: {
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 200 },
      color,
      font: { family: "Inter" },
      scales: { x: { stacked, ticks: { color, ...(rows.length <= FEW && { maxRotation: 0, autoSkip: false }) }, grid }, y: { stacked, beginAtZero: true, ticks, grid } },
      plugins: { legend: { display: names.length > 1, labels: { color } } },
    },
  });
  document.addEventListener("htmx:before:swap", () => chart.destroy(), { once: true });
  new MutationObserver(() => recolor(chart)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}

/** A name in lines short enough to stand below a bar. */
function broken(name) {
  const lines = [];
  for (const word of name.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && longer.length <= LINE) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function paint(place, tint) {
  const color = Array.isArray(tint) ? tint.map((one) => shade(one)) : shade(tint || COLORS[place % COLORS.length]);
  return { backgroundColor: color, borderColor: color, borderWidth: 1, tension: 0.2 };
}

/** The theme has changed: the same chart in its colours. */
function recolor(chart) {
  if (!chart.ctx) return;
  chart.data.datasets.forEach((one, place) => Object.assign(one, paint(place, one.tint)));
  const color = shade("muted");
  for (const axis of Object.values(chart.options.scales)) {
    axis.ticks.color = color;
    axis.grid.color = shade("edge");
  }
  chart.options.plugins.legend.labels.color = color;
  chart.update("none");
}

const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
