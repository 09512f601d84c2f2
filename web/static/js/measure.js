// How large an SMS is as the air counts it: the same as cti/messages/sms.py, which a test holds it to.
const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENSION = new Set("\f^{}\\[~]|€");
const SINGLE = { gsm7: 160, ucs2: 70 };
const PART = { gsm7: 153, ucs2: 67 };

/** {alphabet, signs, parts, left}: left until one part more. */
export function measure(text) {
  const signs = [...text];
  const alphabet = signs.every((sign) => BASIC.has(sign) || EXTENSION.has(sign)) ? "gsm7" : "ucs2";
  const weight = alphabet === "gsm7" ? (sign) => (EXTENSION.has(sign) ? 2 : 1) : (sign) => sign.length;
  const all = signs.reduce((sum, sign) => sum + weight(sign), 0);
  if (all <= SINGLE[alphabet]) return { alphabet, signs: all, parts: all ? 1 : 0, left: SINGLE[alphabet] - all };
  let parts = 1;
  let last = 0;
  for (const sign of signs) {
    const one = weight(sign);
    if (last + one > PART[alphabet]) {
      parts += 1;
      last = 0;
    }
    last += one;
  }
  return { alphabet, signs: all, parts, left: PART[alphabet] - last };
}
