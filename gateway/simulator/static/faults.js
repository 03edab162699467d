// What is the aggregator told to answer next? A choice of faults, once or until told otherwise.

const $ = (id) => document.getElementById(id);
const TIMEOUT_MS = 5_000;

/** `address`: where the fault is read and set. Returns what to call every now and then: a fault that came is over. */
export function watchFaults(address) {
  const choice = $("fault");
  const sticky = $("sticky");

  async function ask(options = {}) {
    try {
      const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const told = await answer.json();
      if (!answer.ok) return say(told.error, true);
      show(told);
    } catch {
      say("The gateway is not reachable.", true);
    }
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

  const set = () =>
    ask({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ fault: choice.value || null, sticky: sticky.checked }),
    });

  choice.addEventListener("change", set);
  sticky.addEventListener("change", () => choice.value && set());
  ask();
  return () => {
    if (choice.value && document.activeElement !== choice) ask();
  };
}
