// What does a phone do with SMS? It receives, shows and writes them, by the keys that it has for calls.

import { Refused, newId, post, wireTime } from "./wire.js";

const $ = (id) => document.getElementById(id);
const TIMEOUT_MS = 5_000;

/** `view`: none (the phone calls), list, read (`open`) or write (to `to`); `read`: the `at` of what was opened. */
export const noMessages = () => ({
  inbox: [], read: new Set(), view: null, open: null, to: "", note: "", away: false,
});

const isNew = ({ read }) => ({ at }) => !read.has(at);
export const countNew = (phone) => phone.sms.inbox.filter(isNew(phone.sms)).length;
const plural = (count) => (count === 1 ? "1 new SMS" : `${count} new SMS`);

const timeOf = ({ at }) => {
  const moment = new Date(at);
  const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? time : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
};

/** Said to a screen reader, wherever it is. */
const say = (text) => ($("sms-news").textContent = text);

export class Messages {
  /** `addresses`: {webhook, inbox, office}; `entry`: the text field; `changed()`: draw the phone in hand again. */
  constructor(addresses, entry, changed) {
    Object.assign(this, addresses, { entry, changed, drawn: "" });
  }

  /** Fetch what the phone has received. */
  async poll(phone) {
    const { number, sms } = phone;
    let received = null;
    try {
      const answer = await fetch(`${this.inbox}?phone=${encodeURIComponent(number)}`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.ok) received = await answer.json();
    } catch {
      // A gateway that is away has no messages; the list says so.
    }
    if (phone.sms !== sms) return;
    const known = new Set(sms.inbox.map(({ at }) => at));
    const fresh = received?.filter(({ at }) => !known.has(at)) ?? [];
    if (sms.away === !received && !fresh.length && (received ?? sms.inbox).length === sms.inbox.length) return;
    sms.away = !received;
    sms.inbox = received ?? sms.inbox;
    if (fresh.length) say(`Phone ${number}: ${plural(fresh.length)}, from ${fresh.at(-1).from}`);
    this.changed();
  }

  show(phone) {
    this.#go(phone, "list", null);
  }

  /** The green key. */
  confirm(phone) {
    const { view, inbox } = phone.sms;
    if (view === "write") return this.#send(phone);
    if (view === "read" || !inbox.length) return this.write(phone);
    const place = [...$("sms").querySelectorAll("button")].indexOf(document.activeElement);
    this.#read(phone, inbox.at(-1 - Math.max(place, 0)));
  }

  /** A reply to the open SMS, or a new one to the office. */
  write(phone) {
    phone.sms.to = phone.sms.open?.from ?? this.office;
    this.entry.value = "";
    this.#go(phone, "write", phone.sms.open);
  }

  back(phone) {
    const { view, open } = phone.sms;
    this.entry.value = "";
    if (view === "write" && open) this.#go(phone, "read", open);
    else if (view === "list") this.#go(phone, null, null);
    else this.#go(phone, "list", null, open);
  }

  /** Up and down: to the next SMS of the list, or through a long one. */
  move(direction) {
    const items = [...$("sms").querySelectorAll("button")];
    const place = items.indexOf(document.activeElement) + direction;
    if (items.length) items[Math.min(Math.max(place, 0), items.length - 1)].focus();
    else $("sms").scrollBy(0, direction * 57);
  }

  draw(phone, callable) {
    const { view, inbox, open, to, note, away, read } = phone.sms;
    const count = countNew(phone);
    $("handset").dataset.view = view ?? "call";
    $("envelope").hidden = count === 0;
    $("new-count").textContent = String(count);
    $("messages").hidden = view !== null || !callable;
    $("messages").textContent = count ? plural(count) : "Messages";
    $("message").hidden = view !== null;
    $("sms").hidden = view === null;
    this.entry.hidden = view === "list" || view === "read";
    // Drawn anew only where something changed: the focus and the scrolled place stay.
    const drawn = JSON.stringify([phone.number, view, open, to, note, away, view === "list" && [inbox, [...read]]]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.#drawView(phone);
  }

  #drawView(phone) {
    const { view, inbox, open, to, note, away } = phone.sms;
    const box = $("sms");
    const focused = [...box.querySelectorAll("button")].find((item) => item === document.activeElement)?.dataset.at;
    box.tabIndex = view === "read" ? 0 : -1;
    box.scrollTop = 0;
    if (view === "list") {
      box.setAttribute("aria-label", "Messages");
      box.replaceChildren(...inbox.toReversed().map((sms) => this.#item(phone, sms)));
      if (away) box.prepend(line("note", "The messages cannot be read now."));
      else if (!inbox.length) box.append(line("note empty", "No messages"));
      if (focused) [...box.querySelectorAll("button")].find((item) => item.dataset.at === focused)?.focus();
    } else if (view === "read") {
      box.setAttribute("aria-label", `SMS from ${open.from}, ${timeOf(open)}`);
      box.replaceChildren(line("head", `${open.from} · ${timeOf(open)}`), line("text", open.text));
    } else if (view === "write") {
      box.setAttribute("aria-label", `SMS to ${to}`);
      box.replaceChildren(line("head", `To ${to}`));
      if (open) box.append(line("text", open.text));
    } else box.replaceChildren();
    if (view && note) box.prepend(line("note", note));
  }

  #item(phone, sms) {
    const item = document.createElement("button");
    const fresh = isNew(phone.sms)(sms);
    Object.assign(item, { type: "button", className: fresh ? "fresh" : "" });
    item.dataset.at = sms.at;
    item.setAttribute("aria-label", `${fresh ? "New, f" : "F"}rom ${sms.from}, ${timeOf(sms)}: ${sms.text}`);
    item.append(line("head", `${sms.from} · ${timeOf(sms)}`), line("first", sms.text));
    item.addEventListener("click", () => this.#read(phone, sms));
    return item;
  }

  #read(phone, sms) {
    phone.sms.read.add(sms.at);
    this.#go(phone, "read", sms);
  }

  /** Show a view and put the keyboard where it goes on; in the list on `from`, where one came from. */
  #go(phone, view, open, from = null) {
    Object.assign(phone.sms, { view, open, note: "" });
    this.changed();
    if (view === "read") return $("sms").focus();
    if (view !== "list") return this.entry.focus();
    const items = [...$("sms").querySelectorAll("button")];
    (items.find((item) => item.dataset.at === from?.at) ?? items[0] ?? $("sms")).focus();
  }

  async #send(phone) {
    const { to, open } = phone.sms;
    const text = this.entry.value;
    if (text.trim() === "") return;
    const log = (item) => {
      if (!phone.log.includes(item)) phone.log.push(item);
      this.changed();
    };
    const fields = { from: phone.number, to, text, id: newId(), date: wireTime() };
    this.back(phone);
    let note = "SMS sent.";
    try {
      await post(`${this.webhook}/sms/inbound`, fields, `SMS to ${to}`, log);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      note = `SMS not sent. ${fault.message}`;
    }
    phone.sms.note = note;
    say(note);
    this.changed();
  }
}

function line(name, text) {
  const made = document.createElement("p");
  Object.assign(made, { className: name, textContent: text });
  return made;
}
