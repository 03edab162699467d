// What is the aggregator told to answer next? A choice of faults, once or until told otherwise.

const $ = (id) => document.getElementById(id);
const TIMEOUT_MS = 5_000;

/** `address`: where the fault is read and set. Returns what to call every now and then: a fault that came is over. */
export function watchFaults(address) {
  const choice = $("fault");
  const sticky = $("sticky");
  let asked = 0;
  let setting = 0;
  let shown = "";

  async function ask(options = {}) {
    const turn = ++asked;
    let told;
    let bad = true;
    try {
      const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
      told = await answer.json();
      bad = !answer.ok;
    } catch {
      told = { error: "The gateway is not reachable." };
    }
    // A late answer must not undo a choice made since, nor the same answer one that is being made.
    if (turn !== asked || shown === JSON.stringify(told)) return;
    shown = JSON.stringify(told);
    if (bad) say(told.error, true);
    else show(told);
  }

  function show({ fault, sticky: stays }) {
    const written = fault ?? "";
    if (![...choice.options].some((option) => option.value === written)) choice.add(new Option(written, written));
    choice.value = written;
    if (fault) sticky.checked = stays;
    say(choice.selectedOptions[0].dataset.does ?? "", false);
  }

  function say(text, bad) {
    $("fault-does").textContent = text;
    $("fault-does").classList.toggle("fault", bad);
  }

  async function set() {
    setting += 1;
    await ask({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ fault: choice.value || null, sticky: sticky.checked }),
    });
    setting -= 1;
  }

  choice.addEventListener("change", set);
  sticky.addEventListener("change", () => choice.value && set());
  return () => setting || ask();
}
