// The panel's entry: one shell for the whole working day, its parts started once; pages come and go inside #main.
import htmx from "htmx.org/dist/htmx.esm.min.js";
import { csrf } from "./api.js";
import { startAnswer } from "./answer.js";
import { startBecoming } from "./becoming.js";
import { startCard } from "./card.js";
import { startCopying } from "./copying.js";
import { startCompose } from "./mail/compose.js";
import { startDesk } from "./desk.js";
import { startDialplan } from "./dialplan.js";
import { startDeskTransfer } from "./desk_transfer.js";
import { startFiles } from "./files.js";
import { startDock } from "./dock.js";
import { startDue } from "./due.js";
import { startDuty } from "./duty.js";
import { onPage } from "./dom.js";
import { keepForms } from "./forms.js";
import { startJournal } from "./journal.js";
import { startKeys } from "./keys.js";
import { startLetters } from "./letters.js";
import { startLikely } from "./likely.js";
import { startLive } from "./live.js";
import { startMailbox } from "./mail/mailbox.js";
import { startNotices } from "./notices.js";
import { startOrdering } from "./ordering.js";
import { startPhones } from "./phones.js";
import { startRecordings } from "./recording.js";
import { startReviews } from "./review.js";
import { startDefinitions } from "./definitions.js";
import { startReport } from "./report.js";
import { startSaving } from "./saving.js";
import { startPalette } from "./palette.js";
import { showSection } from "./sections.js";
import { startSegments } from "./segments.js";
import { startSms } from "./sms.js";
import { startSpying } from "./spying.js";
import { startStrip } from "./strip.js";
import { startTabs } from "./tabs.js";
import { startTelLinks } from "./tel.js";
import { startTheme } from "./theme.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";
import { startWork } from "./work.js";

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  request.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("htmx:error", () => toast(t("The server does not answer. Nothing is lost: try again.")));

// A failed part of a page says so in the corner and leaves what is there; a failed page is shown as a page.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.response?.status >= 400 && ctx.target?.id !== "main") {
    event.preventDefault();
    toast(t("It did not work. Try again."));
  }
});

keepForms();
if (document.body.classList.contains("shell")) {
  startTheme();
  startKeys();
  startPalette();
  startTelLinks();
  startNotices();
  startStrip();
  startDue();
  startWork();
  startLetters();
  startSms();
  startAnswer(htmx);
  startDock();
  startSpying();
  startDuty();
  startDesk(htmx);
  startDeskTransfer();
  startDialplan();
  startCard();
  startCompose();
  startTabs();
  startSaving();
  startOrdering();
  startCopying();
  startRecordings();
startReviews();
  startReport();
  startDefinitions();
  startBecoming();
  startSegments();
  startFiles();
  startLikely();
  startJournal(htmx);
  onPage("#grid", (place) => import("./grid/grid.js").then(({ startGrid }) => startGrid(place)).catch((error) => toast(error.message)));
  onPage("#calls", (place) => import("./calls.js").then(({ startCalls }) => startCalls(place)).catch((error) => toast(error.message)));
  onPage("#board", (place) => import("./board/page.js").then(({ startBoard }) => startBoard(place)).catch((error) => toast(error.message)));
  onPage("[data-mailbox]", (form) => startMailbox(form));
  onPage("#template-form", (form) => import("./mail/template.js").then(({ startTemplate }) => startTemplate(form)).catch((error) => toast(error.message)));
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && print());
  onPage("[data-mailbox] textarea[data-rich]", (area) => import("./mail/editor.js").then(({ enrich }) => enrich(area)).catch((error) => toast(error.message)));
  onPage("#import", (place) => import("./import.js").then(({ startImport }) => startImport(place)).catch((error) => toast(error.message)));
  showSection();
  startLive();
  startPhones();
}
