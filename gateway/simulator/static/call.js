// What does a phone say to the webhook? One call, in Africa's Talking's form format (hops and end-of-session events).

import { Refused, newId, post, wireTime } from "./wire.js";

/** The replies that a dialled code carries: `*384*1303*1#` on `*384*1303#` gives ["1"]; null where it leads elsewhere. */
export function prefilled(dialled, code) {
  const stem = code.replace(/#$/, "");
  if (!dialled.startsWith(stem) || !dialled.endsWith("#")) return null;
  const rest = dialled.slice(stem.length, -1);
  if (rest === "") return [];
  return rest.startsWith("*") ? rest.slice(1).split("*") : null;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Call {
  /** `line`: {webhook, phone, code, network}; `slowness()`: ms of a hop; `log(entry)`: called at sending and at answer. */
  constructor(line, slowness, log) {
    this.line = line;
    this.slowness = slowness;
    this.log = log;
    this.sessionId = newId("ATUid_");
    this.began = Date.now();
    this.inputs = [];
    this.hops = [];
    this.open = true;
  }

  dial(inputs) {
    this.inputs = [...inputs];
    return this.#hop();
  }

  reply(typed) {
    this.inputs.push(typed);
    return this.#hop();
  }

  /** The last request once more; says whether both answers have the same bytes. */
  async repeat() {
    const first = this.hops.at(-1);
    const answer = await this.#ask(first.text, `Hop ${this.hops.length}, repeated`);
    const original = await first.answer;
    const same = original.bytes.length === answer.bytes.length && original.bytes.every((b, i) => b === answer.bytes[i]);
    return { hop: this.hops.indexOf(first) + 1, same, body: answer.body };
  }

  /** Drop the call without an END. */
  hangUp() {
    return this.#end("Incomplete");
  }

  /** The same when the page is being left: the browser sends it behind the page's back. */
  abandon() {
    this.open = false;
    navigator.sendBeacon(`${this.line.webhook}/ussd/events`, new URLSearchParams(this.#event("Incomplete", "")));
  }

  recording() {
    return {
      version: 1,
      recorded_at: new Date().toISOString(),
      phone: this.line.phone,
      service_code: this.line.code,
      network_code: this.line.network,
      hops: this.hops.filter((hop) => hop.reply !== undefined).map(({ text, reply }) => ({ text, reply })),
    };
  }

  async #hop() {
    // Joined as the aggregator joins: a typed star and an empty reply are not escaped.
    const hop = { text: this.inputs.join("*") };
    this.hops.push(hop);
    hop.answer = this.#ask(hop.text, `Hop ${this.hops.length}`);
    let body;
    try {
      ({ body } = await hop.answer);
    } catch (fault) {
      if (this.open) await this.#end("Failed", fault.message);
      throw fault;
    }
    hop.reply = body;
    if (this.open && body.startsWith("END ")) await this.#end("Success");
    return hop;
  }

  async #ask(text, label) {
    const { phone, code, network } = this.line;
    const fields = { phoneNumber: phone, serviceCode: code, text, sessionId: this.sessionId, networkCode: network };
    await wait(this.slowness() / 2);
    const answer = await this.#post("ussd", fields, label);
    await wait(this.slowness() / 2);
    if (!/^(CON|END) /.test(answer.body)) throw new Refused("The answer starts with neither CON nor END.");
    return answer;
  }

  async #end(status, errorMessage = "") {
    this.open = false;
    try {
      await this.#post("ussd/events", this.#event(status, errorMessage), `End of session: ${status}`);
    } catch (fault) {
      // The log shows it; a phone that hung up has nobody left to tell.
      if (!(fault instanceof Refused)) throw fault;
    }
  }

  #event(status, errorMessage) {
    return {
      date: wireTime(),
      sessionId: this.sessionId,
      serviceCode: this.line.code,
      networkCode: this.line.network,
      phoneNumber: this.line.phone,
      status,
      cost: "0.00",
      durationInMillis: String(Date.now() - this.began),
      hopsCount: String(this.hops.length),
      hopsMetadata: "",
      input: this.inputs.join("*"),
      lastAppResponse: this.hops.findLast((hop) => hop.reply !== undefined)?.reply ?? "",
      errorMessage,
    };
  }

  #post(path, fields, label) {
    return post(`${this.line.webhook}/${path}`, fields, label, this.log);
  }
}
