// What does the desk show beside the phone? Tabs, the measure of the last screen, the call's state, the wire's log.

import { measure } from "./gsm7.js";
import { countNew } from "./messages.js";

const $ = (id) => document.getElementById(id);

/** E.164, or null; a leading 0 is Indonesia's, as people write it. */
export function readNumber(text) {
  const number = text.replace(/[\s().-]/g, "").replace(/^0/, "+62");
  return /^\+[1-9][0-9]{7,14}$/.test(number) ? number : null;
}

/** The number after the highest one on the table. */
export function nextNumber(phones) {
  const highest = phones.map(({ number }) => BigInt(number.slice(1))).reduce((a, b) => (a > b ? a : b));
  return `+${highest + 1n}`;
}

export function showNumberFault(bad) {
  $("number").setAttribute("aria-invalid", String(bad));
  $("number-fault").textContent = bad ? "Write a number such as +6281200000001 or 081200000001." : "";
}

export function drawTabs(phones, inHand, take) {
  const tabs = $("tabs");
  while (tabs.children.length < phones.length) tabs.append(newTab(phones, tabs.children.length, take));
  phones.forEach((phone, place) => {
    const tab = tabs.children[place];
    const selected = phone === inHand;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    tab.dataset.open = String(phone.call?.open ?? false);
    const fresh = countNew(phone);
    tab.dataset.sms = String(fresh > 0);
    const news = `${phone.call?.open ? ", in a call" : ""}${fresh ? `, ${fresh} new SMS` : ""}`;
    tab.setAttribute("aria-label", `Phone ${phone.number}${news}`);
    tab.textContent = `…${phone.number.slice(-4)}`;
    if (selected) $("handset").setAttribute("aria-labelledby", tab.id);
  });
}

function newTab(phones, place, take) {
  const tab = document.createElement("button");
  Object.assign(tab, { type: "button", id: `tab-${place}` });
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", "handset");
  tab.addEventListener("click", () => take(phones[place]));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (place + step + phones.length) % phones.length;
    take(phones[next]);
    $("tabs").children[next].focus();
  });
  return tab;
}

export function drawDesk(phone) {
  const { call, network, delay, number, fault, outcome } = phone;
  const open = call?.open ?? false;
  $("number").value = number;
  showNumberFault(false);
  $("network").value = network;
  $("delay").value = String(delay);
  // A call belongs to one number and one network.
  $("number").disabled = $("network").disabled = open;
  $("drop").disabled = !open;
  $("repeat").disabled = !call?.hops.length;
  $("export").disabled = !call?.recording().hops.length;
  $("language").disabled = phone.state === "waiting";
  $("outcome").textContent = fault || outcome;
  $("outcome").classList.toggle("fault", Boolean(fault) || /DIFFERS|failed/.test(outcome));
  $("call-state").textContent = describe(phone);
  drawMeasure(call?.hops.findLast((hop) => hop.reply !== undefined)?.reply.slice(4));
  drawLog(phone.log);
}

function describe({ call, state }) {
  if (!call) return "No call yet";
  const hops = `${call.hops.length} ${call.hops.length === 1 ? "hop" : "hops"}`;
  if (state === "waiting") return `Waiting for the answer · ${hops}`;
  return `${call.open ? "In a call" : "Call over"} · ${hops}`;
}

function drawMeasure(screen) {
  const card = $("measure");
  if (screen === undefined) {
    $("septets").textContent = "–";
    $("gauge").value = 0;
    $("alphabet").textContent = "No screen yet";
    card.dataset.fits = "true";
    return;
  }
  const { septets, extension, foreign } = measure(screen);
  $("septets").textContent = foreign.length ? "–" : String(septets);
  $("gauge").value = septets;
  card.dataset.fits = String(septets <= 160 && !foreign.length);
  const notes = ["GSM-7"];
  if (extension) notes.push(`${extension} of the extension table, counted twice`);
  if (septets > 160) notes.push(`${septets - 160} too many`);
  $("alphabet").textContent = foreign.length ? `Not GSM-7: ${foreign.join(" ")}` : notes.join(" · ");
}

function asText({ at, label, path, sent, status, type, ms, body, fault }) {
  const lines = [`${at.toISOString()}  ${label}`, `POST ${path}`, sent];
  if (ms !== undefined) lines.push("", `${status ?? "no answer"} ${type ?? ""} (${ms} ms)`.trim(), body ?? "");
  if (fault) lines.push(fault);
  return lines.join("\n");
}

function drawLog(log) {
  $("log-none").hidden = log.length > 0;
  $("copy").disabled = $("empty").disabled = log.length === 0;
  $("log").replaceChildren(...log.toReversed().map(logItem));
}

function logItem(entry) {
  const item = document.createElement("li");
  const head = document.createElement("p");
  const label = document.createElement("b");
  label.textContent = entry.label;
  const time = document.createElement("time");
  time.dateTime = entry.at.toISOString();
  time.textContent = entry.at.toLocaleTimeString("en-GB");
  const took = document.createElement("span");
  took.textContent = entry.ms === undefined ? "under way" : `${entry.status ?? "no answer"} · ${entry.ms} ms`;
  head.append(label, time, took);
  const sent = document.createElement("pre");
  sent.textContent = entry.sent;
  item.append(head, sent);
  const answer = entry.fault && !entry.body ? entry.fault : entry.body;
  if (answer) {
    const got = document.createElement("pre");
    got.className = "got";
    got.textContent = answer;
    item.append(got);
  }
  return item;
}

/** Put the log on the clipboard; `button` says so. */
export async function copy(log, button) {
  const text = log.map(asText).join("\n\n");
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyBySelection(text);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

// The clipboard interface exists on https and loopback only.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Save a recorded call as a file. */
export function download(recording) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(recording, null, 1) + "\n"], { type: "application/json" }));
  link.download = `call-${new Date().toISOString().slice(0, 19).replace(/[:T-]/g, "")}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
