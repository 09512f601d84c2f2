// The lab's SMSC: an SMPP 3.4 server of others' making (npm smpp) that takes what is sent, writes it down and tells what
// became of it. `node lab/smsc.mjs PORT CONTROL SYSTEM_ID PASSWORD FILE`; ports of 0: any that are free. It prints
// where it listens as one JSON line. FILE: each submit as a JSON line.
//
// It is told what to do by POST of JSON to http://127.0.0.1:CONTROL/ : `{"faults": {...}}` (below), `{"sms": {"from",
// "to", "text"}}` (a phone writes), `{"deliver": {...}}` (a deliver_sm of these fields), `{"drop": true}` (all links are
// cut; a number: so many). It answers with JSON once it has been done.

import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const smpp = createRequire(import.meta.url)("smpp");
const HOST = "127.0.0.1";
const [port, control, system, password, file] = process.argv.slice(2);

const faults = {
  refuse: 0, // status of each bind
  per_s: 0, // submits taken in a second, the others are throttled
  throttled: 0x58,
  drop_answers: 0, // so many submits are taken and not answered
  answer_ms: 0,
  reject: 0, // status of each submit
  receipts: true,
  receipt_ms: 300,
  receipt_first: false,
  receipt_times: 1,
  receipt_tlv: false, // by fields alone, without a text
  ids: "dec", // dec: as answered; hex: the receipt has it in hexadecimal
  stat: "DELIVRD",
  blackhole: false,
};
const STATES = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
const links = new Set();
const taken = []; // when, of the last second
let bound = 0;
let id = Date.now() % 1_000_000_000;

const { decode } = smpp.filters.message;
smpp.filters.message.decode = function (value, skip) {
  const read = decode.call(this, value, skip);
  if (Buffer.isBuffer(value) && read && typeof read === "object") read.raw = value.toString("hex");
  return read;
};

const server = smpp.createServer((link) => {
  const bind = (kind) => (pdu) => {
    const status = faults.refuse || (pdu.system_id !== system ? 0x0f : pdu.password !== password ? 0x0e : 0);
    if (status) {
      const head = Buffer.alloc(16); // of the header alone, as some write it
      [16, pdu.command_id + 0x80000000, status, pdu.sequence_number].forEach((n, at) => head.writeUInt32BE(n, at * 4));
      link.socket.end(head);
      return;
    }
    link.kind = kind;
    link.number = ++bound;
    links.add(link);
    link.send(pdu.response({ system_id: "lab" }));
  };
  link.on("bind_transceiver", bind("transceiver"));
  link.on("bind_transmitter", bind("transmitter"));
  link.on("bind_receiver", bind("receiver"));
  link.on("unbind", (pdu) => {
    link.send(pdu.response());
    link.close();
  });
  link.on("enquire_link", (pdu) => faults.blackhole || link.send(pdu.response()));
  link.on("submit_sm", (pdu) => faults.blackhole || submit(link, pdu));
  link.on("close", () => {
    links.delete(link);
    for (const failed of link.owed ?? []) failed(new Error("the link was lost"));
  });
  link.on("error", () => link.destroy());
});

function submit(link, pdu) {
  const now = Date.now();
  while (taken.length && taken[0] <= now - 1000) taken.shift();
  let status = faults.reject;
  if (!status && faults.per_s && taken.length >= faults.per_s) status = faults.throttled;
  if (!status) taken.push(now);
  const mine = String(++id);
  note(link, pdu, status ? "" : mine, status);
  if (!status && faults.drop_answers > 0) {
    faults.drop_answers -= 1;
    return;
  }
  const answer = () => link.send(pdu.response({ command_status: status, message_id: status ? "" : mine }));
  if (!status && faults.receipt_first) receipt(mine, pdu);
  if (faults.answer_ms) setTimeout(answer, faults.answer_ms);
  else answer();
  if (!status && faults.receipts && !faults.receipt_first) setTimeout(receipt, faults.receipt_ms, mine, pdu);
}

function note(link, pdu, mine, status) {
  const { source_addr, source_addr_ton, source_addr_npi, destination_addr, dest_addr_ton, dest_addr_npi } = pdu;
  const { esm_class, data_coding, validity_period, registered_delivery } = pdu;
  const line = {
    at: Date.now() / 1000, link: link.number, id: mine, status, source_addr, source_addr_ton, source_addr_npi, destination_addr,
    dest_addr_ton, dest_addr_npi, esm_class, data_coding, validity_period, registered_delivery,
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum].filter((one) => one !== undefined),
    raw: pdu.short_message?.raw ?? "", text: pdu.short_message?.message ?? "",
  };
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function receipt(mine, pdu) {
  const named = faults.ids === "hex" ? Number(mine).toString(16).toUpperCase() : mine;
  const good = faults.stat === "DELIVRD" ? "001" : "000";
  const date = new Date().toISOString().replace(/\D/g, "").slice(2, 14); // with seconds, as many write it
  const text = `id:${named} sub:001 dlvrd:${good} submit date:${date} done date:${date} stat:${faults.stat} err:00A text:`;
  const told = {
    source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr,
    esm_class: 4, short_message: faults.receipt_tlv ? "" : text,
  };
  if (faults.receipt_tlv) Object.assign(told, { receipted_message_id: named, message_state: STATES[faults.stat] });
  for (let time = 0; time < faults.receipt_times; time += 1) deliver(told).catch(() => {});
}

// To a link that receives; the status with which it is thanked. Rejects where there is none.
function deliver(fields) {
  const link = [...links].find((one) => one.kind !== "transmitter");
  if (!link) return Promise.reject(new Error("nobody is bound to receive"));
  return new Promise((done, failed) => {
    link.owed = (link.owed ?? new Set()).add(failed);
    link.deliver_sm(fields, (answer) => {
      link.owed.delete(failed);
      done(answer.command_status);
    });
  });
}

function pieces(text) {
  const wide = [...text].some((sign) => sign.charCodeAt(0) > 126);
  const [whole, part] = wide ? [70, 67] : [160, 153];
  if (text.length <= whole) return [text];
  return Array.from({ length: Math.ceil(text.length / part) }, (_, at) => text.slice(at * part, (at + 1) * part));
}

async function write({ from, to, text }) {
  const parts = pieces(text);
  const wide = [...text].some((sign) => sign.charCodeAt(0) > 126);
  const ref = Math.floor(Math.random() * 256);
  for (const [at, part] of parts.entries()) {
    const bytes = wide ? Buffer.from(part, "utf16le").swap16() : Buffer.from(part, "latin1");
    const header = parts.length > 1 ? Buffer.from([5, 0, 3, ref, parts.length, at + 1]) : Buffer.alloc(0);
    const status = await deliver({
      source_addr: from.replace("+", ""), source_addr_ton: 1, source_addr_npi: 1, destination_addr: to,
      esm_class: parts.length > 1 ? 0x40 : 0, data_coding: wide ? 8 : 0, short_message: Buffer.concat([header, bytes]),
    });
    if (status !== 0) throw new Error(`it was not taken (${status})`);
  }
  return { parts: parts.length };
}

async function told(asked) {
  Object.assign(faults, asked.faults ?? {});
  if (asked.drop) {
    taken.length = 0;
    for (const link of [...links].slice(0, asked.drop === true ? links.size : asked.drop)) link.destroy();
  }
  if (asked.sms) return write(asked.sms);
  if (asked.deliver) {
    const { hex, ...fields } = asked.deliver;
    return { status: await deliver(hex === undefined ? fields : { ...fields, short_message: Buffer.from(hex, "hex") }) };
  }
  return { links: links.size, faults };
}

createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", async () => {
    try {
      response.end(JSON.stringify(await told(JSON.parse(body || "{}"))));
    } catch (error) {
      response.statusCode = 409;
      response.end(JSON.stringify({ error: String(error.message) }));
    }
  });
}).listen(Number(control), HOST, function ready() {
  const at = this.address().port;
  server.listen(Number(port), HOST, () => {
    console.log(JSON.stringify({ smpp: server.address().port, control: at }));
  });
});
