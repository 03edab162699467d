// How much of a screen does a text take? Septets of the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1).

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");

/** Septets of `text`, and the characters that GSM-7 lacks (each once). Extension characters take two. */
export function measure(text) {
  let septets = 0;
  const foreign = new Set();
  for (const character of text) {
    septets += EXTENSION.has(character) ? 2 : 1;
    if (!BASIC.has(character) && !EXTENSION.has(character)) foreign.add(character);
  }
  return { septets, extension: [...text].filter((c) => EXTENSION.has(c)).length, foreign: [...foreign] };
}
