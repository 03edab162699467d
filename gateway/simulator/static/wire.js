// How does a form get to the webhook? As Africa's Talking posts it, with its deadline and an entry in the desk's log.

// Africa's Talking gives up on an answer after 10 s.
const AGGREGATOR_TIMEOUT_MS = 10_000;

/** No usable answer: unreachable, another status than 200, or a body that the asker has no use for. */
export class Refused extends Error {}

/** `prefix` and 32 hex digits. Not crypto.randomUUID: that exists on https and loopback only. */
export const newId = (prefix = "") =>
  prefix + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/** The present moment as Africa's Talking writes it. */
export const wireTime = () => new Date().toISOString().slice(0, 19).replace("T", " ");

/** The answer's bytes and text; `log(entry)` is called at sending and at the answer. Throws `Refused`. */
export async function post(path, fields, label, log) {
  const entry = { at: new Date(), label, path, sent: new URLSearchParams(fields).toString() };
  log(entry);
  const begun = performance.now();
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: entry.sent,
      redirect: "manual",
      signal: AbortSignal.timeout(AGGREGATOR_TIMEOUT_MS),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const body = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    Object.assign(entry, { status: response.status, type: response.headers.get("Content-Type"), body });
    if (response.status !== 200) throw new Refused(`The gateway answered ${response.status}; only 200 goes on.`);
    return { bytes, body };
  } catch (fault) {
    if (fault instanceof Refused) entry.fault = fault.message;
    else if (fault.name === "TimeoutError") entry.fault = "No answer within 10 s.";
    else entry.fault = "The gateway is not reachable.";
    throw new Refused(entry.fault);
  } finally {
    entry.ms = Math.round(performance.now() - begun);
    log(entry);
  }
}
