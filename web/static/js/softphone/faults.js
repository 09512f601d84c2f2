// What is wrong with the phone, and what its person does about it: one sentence for each.
import { t } from "../texts.js";

const TEXTS = {
  insecure: () => t("The phone works only over HTTPS: open the panel by its https:// address, or ask an admin."),
  "no-webrtc": () => t("This browser cannot be a phone: use a current Chrome, Edge or Firefox."),
  "mic-refused": () => t("The browser does not give the microphone: press the sign beside the address, allow it, then answer or dial again."),
  "mic-missing": () => t("There is no microphone: connect the headset, then answer or dial again."),
  "mic-busy": () => t("Another program holds the microphone: close it there, then answer or dial again."),
  "mic-changed": () => t("The chosen microphone is not connected: another one is used. Choose one on the page “Phone check”."),
  "no-pbx": () => t("The PBX takes no browser phones just now. A call goes on; the phone comes back by itself."),
  elsewhere: () => t("Your phone works in another browser now: here it does not ring. A call that is up goes on."),
  "signed-out": () => t("You were signed out: sign in again to have the phone back."),
  taken: () => t("This browser is not your phone any more: an admin changed your devices. A call that is up goes on; after it choose another phone or ask him."),
  untrusted: () => t("The browser makes no secure connection to the server. A call goes on. Open the panel in a new tab: if the browser warns of the certificate there, tell an admin; if the panel opens, load this page anew."),
  blocked: () => t("The server answers, but lets no phone in: something on the way (a proxy, an antivirus program) stops WebSocket. A call goes on; ask an admin to let “/sip” through."),
  refused: () => t("The PBX refuses this phone: an admin runs “cti check”."),
  connecting: () => t("The phone has no connection. A call goes on; the phone comes back by itself."),
  shaky: () => t("The voice connection is broken and is being made again."),
  silent: () => t("The browser keeps the ring silent until you click anywhere on the page."),
  "transfer-failed": () => t("The transfer did not succeed: the client is still yours."),
  "call-over": () => t("This call is over."),
  "no-tab": () => t("The tab with the phone does not answer: reload it, or take the phone here."),
  busy: () => t("Busy there. If a client is on hold, take him back or ask somebody else."),
  declined: () => t("Declined there. If a client is on hold, take him back or ask somebody else."),
  "no-answer": () => t("No answer there. If a client is on hold, take him back or ask somebody else."),
  "no-number": () => t("There is no such number on the PBX."),
  refusal: () => t("The call was not put through."),
};

/** Why the panel let a call or a transfer not through, in its own words; "" where the PBX said no. */
export const whyOf = (message) => decodeURIComponent(message?.getHeader?.("X-Trubka-Why") ?? "");

/** The sentence of a code; what is no code of ours is a sentence already. */
export const said = (code) => TEXTS[code]?.() ?? (code || "");
