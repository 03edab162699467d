// What is on the table? The phones, the one in hand, and what its keys do.

import { Call, prefilled } from "./call.js";
import { watchFaults } from "./faults.js";
import { Keypad } from "./keypad.js";
import { Messages, noMessages } from "./messages.js";
import { Refused } from "./wire.js";
import * as desk from "./desk.js";

const $ = (id) => document.getElementById(id);
const { webhook, code, phones: numbers, inbox, office, faults } = document.body.dataset;
const POLL_MS = 2_000;
const entry = $("entry");
const keypad = new Keypad(entry);
const messages = new Messages({ webhook, inbox, office }, entry, () => draw());

/** A phone: `state` is idle, waiting (for an answer), menu (a reply is expected) or ended. */
const newPhone = (number) => ({
  number, network: "51010", delay: 0, state: "idle", screen: "", draft: "", fault: "", outcome: "", call: null, log: [],
  sms: noMessages(),
});
const phones = numbers.split(" ").map(newPhone);
let inHand = phones[0];

function draw() {
  desk.drawTabs(phones, inHand, take);
  desk.drawDesk(inHand);
  const { state, screen, call } = inHand;
  $("operator").textContent = $("network").selectedOptions[0].dataset.name;
  $("handset").dataset.state = state;
  const shown = state === "idle" ? `${inHand.number}\n\nThe green key dials\n${code}` : screen;
  if ($("message").textContent !== shown) {
    $("message").textContent = shown;
    $("message").scrollTop = 0;
  }
  const inCall = call?.open ?? false;
  const writing = inHand.sms.view === "write";
  entry.setAttribute("aria-label", writing ? `SMS to ${inHand.sms.to}` : inCall ? "Your reply" : "Code to dial");
  entry.placeholder = writing ? "SMS" : state === "waiting" ? "…" : inCall ? "Reply" : code;
  messages.draw(inHand, !inCall && state !== "waiting");
  drawSoftKeys();
  tick();
}

/** What the two keys under the screen do: letters and clear where there is something to type. */
function drawSoftKeys() {
  const { view } = inHand.sms;
  const typing = !entry.hidden;
  $("mode-label").textContent = typing ? (keypad.letters ? "abc" : "123") : view === "read" ? "Reply" : "Write";
  $("clear-label").textContent = typing ? "Clear" : "Back";
  $("mode").setAttribute("aria-label", typing ? "Type letters" : view === "read" ? "Reply" : "Write an SMS");
  $("mode").toggleAttribute("aria-pressed", typing);
  if (typing) $("mode").setAttribute("aria-pressed", String(keypad.letters));
  $("clear").setAttribute("aria-label", typing ? "Clear last character" : "Back");
}

/** The clock of an idle phone, the length of a call in progress. */
function tick() {
  const { call } = inHand;
  const seconds = call?.open ? Math.floor((Date.now() - call.began) / 1000) : null;
  $("clock").textContent =
    seconds === null
      ? new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
      : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function take(phone) {
  inHand.draft = entry.value;
  inHand = phone;
  entry.value = phone.draft;
  draw();
}

/** Show what a hop brings to `phone`, unless the call was dropped meanwhile. */
async function follow(phone, call, hop) {
  Object.assign(phone, { state: "waiting", fault: "", outcome: "" });
  draw();
  try {
    const { reply } = await hop;
    if (phone.call !== call || phone.state !== "waiting") return;
    phone.screen = reply.slice(4);
    phone.state = call.open ? "menu" : "ended";
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    if (phone.call !== call || phone.state !== "waiting") return;
    // What handsets show when the network gives a session up.
    Object.assign(phone, { state: "ended", screen: "Connection problem or invalid MMI code.", fault: fault.message });
  } finally {
    draw();
  }
}

function dial(phone, dialled) {
  const inputs = prefilled(dialled, code);
  if (inputs === null) {
    Object.assign(phone, { state: "ended", screen: "Connection problem or invalid MMI code." });
    Object.assign(phone, { call: null, outcome: "", fault: `${dialled} does not lead here. Dial ${code}` });
    draw();
    return Promise.resolve();
  }
  phone.sms.view = null;
  const line = { webhook, code, phone: phone.number, network: phone.network };
  const call = new Call(line, () => phone.delay, (item) => {
    if (!phone.log.includes(item)) phone.log.push(item);
    draw();
  });
  phone.call = call;
  return follow(phone, call, call.dial(inputs));
}

/** The green key: dial, or send the reply (an empty one too); among messages, open or send one. */
function callKey() {
  const phone = inHand;
  if (phone.sms.view) return messages.confirm(phone);
  if (phone.state === "waiting") return;
  const typed = entry.value;
  entry.value = "";
  if (phone.call?.open) follow(phone, phone.call, phone.call.reply(typed));
  else dial(phone, typed === "" ? code : typed);
}

/** The red key: hang up; without a call, wipe the screen; among messages, one step back. */
function endKey() {
  if (inHand.sms.view) return messages.back(inHand);
  if (inHand.call?.open) return drop();
  Object.assign(inHand, { state: "idle", screen: "", fault: "" });
  entry.value = "";
  draw();
}

function drop() {
  const { call } = inHand;
  if (!call?.open) return;
  Object.assign(inHand, { state: "idle", screen: "", outcome: "Dropped, without an END." });
  entry.value = "";
  call.hangUp().then(draw);
  draw();
}

async function repeat() {
  const phone = inHand;
  phone.outcome = "Sending the same request again…";
  draw();
  try {
    const { hop, same } = await phone.call.repeat();
    phone.outcome = same ? `Hop ${hop} again: byte-identical.` : `Hop ${hop} again: the answer DIFFERS from the first.`;
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    phone.outcome = `The repeated hop failed. ${fault.message}`;
  }
  draw();
}

/** 00 is the main menu from everywhere and 7 its language item, so this works at any place of a call. */
async function languageMenu() {
  const phone = inHand;
  if (!phone.call?.open) await dial(phone, code);
  for (const typed of ["00", "7"]) if (phone.call?.open) await follow(phone, phone.call, phone.call.reply(typed));
}

function keyDown(event) {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target !== entry && target.matches("input, select, textarea")) return;
  if (key === "Escape") endKey();
  else if (key === "Enter") {
    if (target.matches("button, summary")) return;
    callKey();
  } else if ($("sms").contains(target) && key === "ArrowUp") scroll(-1);
  else if ($("sms").contains(target) && key === "ArrowDown") scroll(1);
  else if (target === entry && key === "ArrowUp") scroll(-1);
  else if (target === entry && key === "ArrowDown") scroll(1);
  else if (target === entry) return void flash(key);
  else if (key === "Backspace") clearKey();
  else if (entry.hidden) return;
  else if (key.length === 1 && !(key === " " && target.matches("button, summary, [tabindex]"))) {
    keypad.insert(key);
    flash(key);
    entry.focus();
  } else return;
  event.preventDefault();
}

/** The right key under the screen. */
function clearKey() {
  if (entry.hidden) messages.back(inHand);
  else keypad.clear();
}

/** The left one. */
function modeKey() {
  if (entry.hidden) return messages.write(inHand);
  keypad.toggle();
  draw();
}

/** Move the screen by three lines. */
function scroll(direction) {
  if (inHand.sms.view) messages.move(direction);
  else $("message").scrollBy(0, direction * 57);
}

/** Let a typed key be seen on the keypad. */
function flash(key) {
  const button = document.querySelector(`.keypad [data-key="${CSS.escape(key)}"]`);
  if (!button) return;
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 120);
}

function on(id, event, act) {
  $(id).addEventListener(event, act);
}

document.addEventListener("keydown", keyDown);
$("handset").addEventListener("mousedown", (event) => {
  // A mouse or finger leaves the keyboard's place in the entry, so that Enter sends and does not press a digit again.
  if (event.target.closest("button")) event.preventDefault();
});
document.querySelector(".keypad").addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (button && !entry.hidden) keypad.press(button.dataset.key);
});
on("mode", "click", modeKey);
on("clear", "click", clearKey);
on("messages", "click", () => messages.show(inHand));
on("up", "click", () => scroll(-1));
on("down", "click", () => scroll(1));
on("call", "click", callKey);
on("end", "click", endKey);
on("drop", "click", drop);
on("repeat", "click", repeat);
on("language", "click", languageMenu);
on("add-phone", "click", () => {
  phones.push(newPhone(desk.nextNumber(phones)));
  take(phones.at(-1));
  $("number").focus();
  $("number").select();
});
on("number", "change", () => {
  const number = desk.readNumber($("number").value);
  desk.showNumberFault(number === null);
  if (number === null) return;
  if (number !== inHand.number) Object.assign(inHand, { number, sms: noMessages() });
  draw();
});
on("network", "change", () => {
  inHand.network = $("network").value;
  draw();
});
on("delay", "change", () => {
  inHand.delay = Number($("delay").value);
});
on("empty", "click", () => {
  inHand.log = [];
  draw();
});
on("copy", "click", () => desk.copy(inHand.log, $("copy")));
on("export", "click", () => desk.download(inHand.call.recording()));
window.addEventListener("pagehide", () => {
  for (const { call } of phones) if (call?.open) call.abandon();
});

async function poll() {
  if (document.visibilityState === "visible") {
    for (const phone of phones) await messages.poll(phone);
    await pollFault();
  }
  setTimeout(poll, POLL_MS);
}

const pollFault = watchFaults(faults);
setInterval(tick, 1000);
draw();
poll();
if (matchMedia("(pointer: fine)").matches) entry.focus();
