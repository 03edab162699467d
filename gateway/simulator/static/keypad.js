// How do twelve keys write letters? Digits at once, or letters by pressing a key again within a second.

const LETTERS = {
  1: ".,-'1", 2: "abc2", 3: "def3", 4: "ghi4", 5: "jkl5", 6: "mno6", 7: "pqrs7", 8: "tuv8", 9: "wxyz9", 0: " 0",
};
const AGAIN_MS = 1000;

export class Keypad {
  /** `entry`: the text field that the keys write into. */
  constructor(entry) {
    this.entry = entry;
    this.letters = false;
    this.last = { key: null, at: 0, turn: 0 };
  }

  toggle() {
    this.letters = !this.letters;
    this.last = { key: null, at: 0, turn: 0 };
    return this.letters;
  }

  press(key) {
    const choices = this.letters ? LETTERS[key] : undefined;
    if (choices === undefined) return this.insert(key);
    const now = performance.now();
    const again = this.last.key === key && now - this.last.at < AGAIN_MS;
    const turn = again ? (this.last.turn + 1) % choices.length : 0;
    if (again) this.clear();
    this.insert(choices[turn]);
    this.last = { key, at: now, turn };
  }

  insert(text) {
    if (this.entry.value.length >= this.entry.maxLength) return;
    this.entry.setRangeText(text, this.entry.selectionStart, this.entry.selectionEnd, "end");
    this.last = { key: null, at: 0, turn: 0 };
  }

  clear() {
    const { selectionStart: from, selectionEnd: to } = this.entry;
    if (from !== to) this.entry.setRangeText("", from, to, "end");
    else if (from > 0) this.entry.setRangeText("", from - 1, from, "end");
  }
}
