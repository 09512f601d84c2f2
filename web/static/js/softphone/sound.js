// What the phone hears and says: the microphone, the speaker, the bell, each on the device that its person chose.
const KEY = "trubka-sound"; // names of devices, never what was said
const BELL_S = 4;

/** Why a microphone cannot be had, as a code of faults.js. */
export class SoundFault extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};

/** Chosen devices by kind: mic, speaker, bell; "" is the system's own. */
export const chosen = () => ({ mic: "", speaker: "", bell: "", ...stored() });
export const choose = (kind, id) => localStorage.setItem(KEY, JSON.stringify({ ...chosen(), [kind]: id }));

/** The reason why no call can be made from this page at all, "" when it can. */
export function unfit() {
  if (!window.isSecureContext || !navigator.mediaDevices) return "insecure";
  return window.RTCPeerConnection && navigator.locks ? "" : "no-webrtc";
}

/** Whether the microphone was refused before, so that nobody learns it only when a client waits. */
export async function refused() {
  const state = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  return state?.state === "denied";
}

/** The microphone's stream. Throws SoundFault. lost: the chosen device is not there, another one was taken. */
export async function listen(lost = () => {}) {
  const { mic } = chosen();
  const fine = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    return await open({ ...fine, ...(mic ? { deviceId: { exact: mic } } : {}) });
  } catch (fault) {
    if (!mic || fault.code === "mic-refused") throw fault;
    const stream = await open(fine);
    lost();
    return stream;
  }
}

async function open(audio) {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    const code = { NotAllowedError: "mic-refused", SecurityError: "mic-refused", NotReadableError: "mic-busy" }[error.name];
    throw new SoundFault(code ?? "mic-missing");
  }
}

/** Devices by kind; names are empty until the microphone was allowed once. */
export async function devices() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (kind) => all.filter((one) => one.kind === kind && one.deviceId !== "communications");
  return { mics: of("audioinput"), speakers: of("audiooutput") };
}

/** A short tone out of the speaker. */
export async function playTone() {
  const sound = new AudioContext();
  const source = new OscillatorNode(sound, { frequency: 660 });
  const out = new MediaStreamAudioDestinationNode(sound);
  source.connect(new GainNode(sound, { gain: 0.2 })).connect(out);
  const ear = new Ear();
  await ear.play(out.stream);
  source.start();
  source.stop(sound.currentTime + 1);
  source.onended = () => sound.close();
}

/** A voice out of the speaker; null stops it. One element per call. */
export class Ear {
  constructor() {
    this.element = new Audio();
    this.element.autoplay = true;
  }

  async play(stream) {
    this.element.srcObject = stream;
    await onDevice(this.element, chosen().speaker);
    await this.element.play().catch(() => {}); // a page nobody has touched: it starts with the first click
  }

  /** The person chose another speaker. */
  moved() {
    return onDevice(this.element, chosen().speaker);
  }

  stop() {
    this.element.srcObject = null;
  }
}

async function onDevice(element, id) {
  if (element.setSinkId) await element.setSinkId(id).catch(() => element.setSinkId(""));
}

let context = null;
let bell = null;

/** Ring, on the bell's device: sounds in a hidden tab too, because nothing here waits for a timer. softly: into a talk. */
export async function ring(softly = false) {
  if (bell) return;
  context ??= new AudioContext();
  const source = new AudioBufferSourceNode(context, { buffer: tone(context), loop: true });
  const out = new MediaStreamAudioDestinationNode(context);
  const element = new Audio();
  bell = { source, element };
  element.srcObject = out.stream;
  element.volume = softly ? 0.15 : 1;
  source.connect(out);
  await onDevice(element, chosen().bell);
  if (!bell) return;
  source.start();
  context.resume().catch(() => {});
  element.play().catch(() => {});
}

export function hush() {
  bell?.source.stop();
  if (bell) bell.element.srcObject = null;
  bell = null;
}

/** Whether the browser lets this page sound: not before somebody touched it. */
export const mayRing = () => navigator.userActivation?.hasBeenActive !== false;

/** One period of the bell: two soft tones, then quiet. */
function tone(context) {
  const rate = context.sampleRate;
  const buffer = new AudioBuffer({ length: BELL_S * rate, sampleRate: rate, numberOfChannels: 1 });
  const wave = buffer.getChannelData(0);
  for (const [from, to, pitch] of [[0, 0.42, 523], [0.5, 1.1, 659]]) {
    for (let n = Math.floor(from * rate); n < to * rate; n++) {
      const at = n / rate - from;
      const loud = Math.min(1, at / 0.02, (to - from - at) / 0.15);
      wave[n] = 0.28 * loud * (Math.sin(2 * Math.PI * pitch * at) + 0.35 * Math.sin(4 * Math.PI * pitch * at));
    }
  }
  return buffer;
}
