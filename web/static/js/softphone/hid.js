// Reports of a headset by the HID telephony page: which bit says what. Pure, so that any descriptor can be tried.
// Source: USB HID usage tables 1.4, pages 0x0B (telephony) and 0x08 (lights).
export const HOOK = 0x0b0020;
export const MUTE = 0x0b002f;
export const LIGHT = { hook: 0x080017, mute: 0x080009, ring: 0x080018 };

/** Where each usage stands: {usage, report, bit, size, toggles}. reports: of collections, inputs or outputs. */
export function fields(collections, kind) {
  const found = [];
  for (const { reportId, items } of collections.flatMap((one) => [...(one[kind] ?? [])])) {
    let bit = 0;
    for (const item of items) {
      const usages = item.isRange ? range(item.usageMinimum, item.usageMaximum) : [...(item.usages ?? [])];
      for (let place = 0; place < item.reportCount; place++) {
        const usage = item.isArray ? undefined : usages[Math.min(place, usages.length - 1)];
        if (usage !== undefined) found.push({ usage, report: reportId, bit, size: item.reportSize, toggles: item.isAbsolute === false });
        bit += item.reportSize;
      }
    }
  }
  return found;
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

/** The values of one report: [{usage, value, toggles}]. data: a DataView without the report's id. */
export function read(all, report, data) {
  return all
    .filter((one) => one.report === report && Math.floor((one.bit + one.size - 1) / 8) < data.byteLength)
    .map((one) => ({ usage: one.usage, toggles: one.toggles, value: bits(data, one.bit, one.size) }));
}

function bits(data, from, size) {
  let value = 0;
  for (let at = 0; at < size; at++) value |= ((data.getUint8((from + at) >> 3) >> ((from + at) & 7)) & 1) << at;
  return value;
}

/** Reports that light what is on: [{report, bytes}]. on: a set of usages. */
export function lights(all, on) {
  const reports = new Map();
  for (const { report, bit, size } of all) {
    const need = Math.ceil((bit + size) / 8);
    if (!(reports.get(report)?.length >= need)) reports.set(report, new Uint8Array(need));
  }
  for (const { usage, report, bit } of all) if (on.has(usage)) reports.get(report)[bit >> 3] |= 1 << (bit & 7);
  return [...reports].map(([report, bytes]) => ({ report, bytes }));
}
