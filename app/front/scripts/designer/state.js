/* What the designer knows: the draft, where its states stand, what is chosen, and every step back. */
import { add, fresh, list, remove } from "./document.js";

const MOST = 200;
const PAUSE = 1500;

export class Store {
  constructor(data) {
    Object.assign(this, {
      data, doc: data.document, positions: data.positions, base: data.document,
      version: data.version, findings: [], checked: false, selected: null, view: "picture",
      past: [], future: [], saved: data.document, spots: data.positions, notice: null, waiting: false,
      placed: () => ({}),
    });
    this.heard = new Set();
    this.last = { merge: "", at: 0 };
  }

  listen(hear) {
    this.heard.add(hear);
    return () => this.heard.delete(hear);
  }

  tell(values = {}) {
    Object.assign(this, values);
    for (const hear of this.heard) hear(this);
  }

  get typing() {
    return this.view === "text" && this.text !== this.written;
  }

  get dirty() {
    return this.doc !== this.saved || this.positions !== this.spots;
  }

  /* One change of the draft. Changes with the same `merge`, one soon after the other, are one step. */
  edit(change, merge = "", more = {}) {
    const doc = change(this.doc);
    if (doc === this.doc && !more.positions) return;
    const now = Date.now();
    const same = merge && merge === this.last.merge && now - this.last.at < PAUSE;
    if (!same) {
      this.past = [...this.past.slice(-MOST), this.snapshot()];
    }
    this.last = { merge, at: now };
    this.tell({ future: [], doc, ...more });
  }

  snapshot() {
    return { doc: this.doc, positions: this.positions, selected: this.selected };
  }

  undo() {
    this.step("past", "future");
  }

  redo() {
    this.step("future", "past");
  }

  step(from, to) {
    if (!this[from].length) return;
    const back = this[from][this[from].length - 1];
    const taken = { [from]: this[from].slice(0, -1), [to]: [...this[to], this.snapshot()] };
    this.last = { merge: "", at: 0 };
    this.tell({ ...taken, ...back });
  }

  /* --- choosing --- */

  select(part, index, more = {}) {
    const same = this.selected?.part === part && this.selected?.index === index;
    if (same && !more.focus) return;
    this.last = { merge: "", at: 0 };
    this.tell({ selected: part ? { part, index, ...more } : null });
  }

  get item() {
    const { part, index } = this.selected ?? {};
    return part && part !== "workflow" ? list(this.doc, part)[index] : null;
  }

  /* --- what both mouse and keys do --- */

  create(part, item, more = {}) {
    const index = list(this.doc, part).length;
    const selected = { part, index, focus: true };
    this.edit((doc) => add(doc, part, item), "", { selected, ...more });
    return index;
  }

  newState(at, label) {
    const key = fresh(this.doc, "states", "state");
    const positions = { ...this.positions, [key]: at };
    this.create("states", { key, label: { zh: label } }, { positions });
    return key;
  }

  connect(source, target, label) {
    const key = fresh(this.doc, "transitions", "step");
    const roles = this.usual();
    const step = { key, label: { zh: label }, from: [source], ...(roles.length ? { roles } : {}) };
    this.create("transitions", target === null ? step : { ...step, to: target });
  }

  /* Whoever opens cases will usually be who works on them. */
  usual() {
    const first = list(this.doc, "transitions").find((one) => one.roles?.length);
    const openers = (this.doc.openers ?? []).filter((role) => role !== "Resident");
    return first ? first.roles : openers;
  }

  drop() {
    const { part, index } = this.selected ?? {};
    if (!part || part === "workflow" || !this.item) return;
    this.edit((doc) => remove(doc, part, index), "", { selected: null });
  }

  move(key, at, merge = "") {
    this.edit((doc) => doc, merge || `move ${key}`, { positions: { ...this.positions, [key]: at } });
  }
}
