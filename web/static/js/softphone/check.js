// The phone check: devices are chosen, the level is seen, a tone and the bell are heard, the echo is called.
import { $, onPage, show } from "../dom.js";
import { t } from "../texts.js";
import { said } from "./faults.js";
import { chosen, choose, devices, listen, playTone, ring, hush } from "./sound.js";

const RING_MS = 4000;
const NAMES = { mics: (n) => t("Microphone {n}", { n }), speakers: (n) => t("Speaker {n}", { n }) };

export function startCheck(phone, headset) {
  onPage("#phone-check-page", (place) => new Check(place, phone, headset).start());
}

class Check {
  constructor(place, phone, headset) {
    Object.assign(this, { place, phone, headset });
    this.stream = null;
    this.echo = "";
  }

  async start() {
    for (const field of this.place.querySelectorAll("[data-sound]")) field.addEventListener("change", () => this.chose(field));
    $("#check-play").addEventListener("click", () => playTone());
    $("#check-ring").addEventListener("click", () => this.ring());
    $("#check-echo")?.addEventListener("click", () => this.call());
    $("#check-over")?.addEventListener("click", () => this.phone.do("hangUp", this.echo));
    this.headset.onPage($("#check-hid"), $("#check-headset"));
    const changed = () => (this.place.isConnected ? this.draw() : this.stop());
    const plugged = () => this.place.isConnected && this.list();
    this.phone.addEventListener("changed", changed);
    navigator.mediaDevices?.addEventListener("devicechange", plugged);
    this.stop = () => {
      this.silence();
      this.phone.removeEventListener("changed", changed);
      navigator.mediaDevices?.removeEventListener("devicechange", plugged);
    };
    await this.hear();
    await this.list();
    this.draw();
  }

  /** Hear the chosen microphone and show how loud it is, for as long as the page is there. */
  async hear() {
    this.silence();
    try {
      this.stream = await listen();
    } catch (fault) {
      return this.says(said(fault.code));
    }
    this.says("");
    const context = (this.context = new AudioContext());
    const ear = new AnalyserNode(context, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(context, { mediaStream: this.stream }).connect(ear);
    const wave = new Float32Array(ear.fftSize);
    const look = () => {
      if (!this.place.isConnected) return this.stop();
      if (this.context !== context) return;
      ear.getFloatTimeDomainData(wave);
      const loud = Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length);
      const level = Math.min(100, Math.round(100 * Math.max(0, 1 + Math.log10(loud + 1e-6) / 3)));
      $("#check-level").value = level;
      if (level > 40) $("#check-heard").textContent = t("The microphone hears you.");
      setTimeout(look, 60);
    };
    look();
  }

  silence() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.stream = this.context = null;
  }

  says(text) {
    $("#check-fault").textContent = text;
    show($("#check-fault"), !!text);
  }

  async list() {
    const found = await devices();
    for (const [id, kind, one] of [["mic", "mics", "mic"], ["speaker", "speakers", "speaker"], ["bell", "speakers", "bell"]]) {
      const field = $(`#check-${id}`);
      const options = [new Option(t("As the system"), "")];
      found[kind].forEach(({ deviceId, label }, at) => {
        if (deviceId && deviceId !== "default") options.push(new Option(label || NAMES[kind](at + 1), deviceId));
      });
      field.replaceChildren(...options);
      field.value = chosen()[one];
      if (field.value !== chosen()[one]) field.value = "";
    }
  }

  async chose(field) {
    choose(field.dataset.sound, field.value);
    if (field.dataset.sound === "mic") await this.hear();
    await this.phone.do("soundChanged", field.dataset.sound);
  }

  ring() {
    ring();
    setTimeout(() => this.phone.calls.some((one) => one.state === "ringing") || hush(), RING_MS);
  }

  async call() {
    this.echo = (await this.phone.do("dial", this.place.dataset.echo, { purpose: "echo", name: t("Echo") })) ?? "";
    this.draw();
  }

  draw() {
    if (!$("#check-echo")) return;
    const talk = this.phone.calls.find((one) => one.purpose === "echo");
    this.echo = talk?.id ?? this.echo;
    show($("#check-echo"), !talk);
    show($("#check-over"), !!talk);
    $("#check-echoed").textContent = talk?.state === "talking" ? t("Speak: you hear yourself back.") : "";
  }
}
