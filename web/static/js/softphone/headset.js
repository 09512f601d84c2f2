// The headset's own keys, where the browser has WebHID: answer and hang up by its hook, mute by its button; its lights
// show what the phone is. Only the tab that is the phone listens.
import { show } from "../dom.js";
import { t } from "../texts.js";
import { fields, HOOK, LIGHT, lights, MUTE, read } from "./hid.js";
import { first } from "./match.js";

const PAGE = 0x0b;
const telephony = (device) => device.collections.some((one) => one.usagePage === PAGE);

export class Headset {
  constructor(phone) {
    this.phone = phone;
    this.device = null;
    phone.addEventListener("changed", () => this.follow());
    navigator.hid?.addEventListener("connect", () => this.follow());
    navigator.hid?.addEventListener("disconnect", ({ device }) => device === this.device && this.lost());
  }

  /** The button that asks for the headset, and the line that says which one is connected. */
  onPage(button, line) {
    show(button, !!navigator.hid);
    if (!navigator.hid) line.textContent = t("This browser knows no keys of headsets: use Chrome or Edge for them.");
    else if (this.device) line.textContent = this.device.productName;
    button.addEventListener("click", async () => {
      const [device] = await navigator.hid.requestDevice({ filters: [{ usagePage: PAGE }] }).catch(() => []);
      if (device && (await this.take(device))) line.textContent = device.productName;
    });
  }

  async follow() {
    if (!navigator.hid) return;
    if (!this.phone.owns) return this.lost();
    if (!this.device && !this.taking) {
      this.taking = true;
      const known = await navigator.hid.getDevices().catch(() => []);
      const device = known.find(telephony);
      if (device) await this.take(device);
      this.taking = false;
    }
    this.shine();
  }

  async take(device) {
    if (!device.opened && !(await device.open().then(() => true, () => false))) return false;
    this.device = device;
    this.inputs = fields(device.collections, "inputReports");
    this.outputs = fields(device.collections, "outputReports").filter(({ usage }) => Object.values(LIGHT).includes(usage));
    this.shown = "";
    device.oninputreport = ({ reportId, data }) => this.pressed(read(this.inputs, reportId, data));
    this.shine();
    return true;
  }

  lost() {
    if (this.device) this.device.oninputreport = null;
    this.device?.close().catch(() => {});
    this.device = null;
  }

  pressed(values) {
    const talk = first(this.phone.calls.filter((one) => one.state !== "ringing")) ?? null;
    const rings = this.phone.calls.find((one) => one.state === "ringing");
    for (const { usage, value, toggles } of values) {
      if (usage === HOOK && value !== this.hook) {
        this.hook = value;
        if (value && rings) this.phone.do("answer", rings.id);
        else if (!value && talk) this.phone.do("hangUp", talk.id);
        else if (!value && rings) this.phone.do("hangUp", rings.id);
      }
      if (usage === MUTE && talk) {
        if (toggles ? value : !!value !== talk.muted) this.phone.do("mute", talk.id, toggles ? !talk.muted : !!value);
      }
    }
  }

  /** Its lights, and with the hook's light its own idea of being in a call. */
  shine() {
    if (!this.device) return;
    const talks = this.phone.calls;
    const up = talks.some((one) => one.state !== "ringing");
    const on = new Set();
    if (up) on.add(LIGHT.hook);
    if (talks.some((one) => one.state === "ringing")) on.add(LIGHT.ring);
    if (talks.some((one) => one.muted)) on.add(LIGHT.mute);
    this.hook = up ? 1 : this.hook && 0;
    const key = [...on].join();
    if (key === this.shown) return;
    this.shown = key;
    for (const { report, bytes } of lights(this.outputs, on)) this.device.sendReport(report, bytes).catch(() => {});
  }
}
