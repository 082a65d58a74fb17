/* What goes to the server and back, and what is kept in this browser until it is saved. */
import { setting } from "../words.js";
import { t } from "./words.js";

const WEEK = 7 * 24 * 3600 * 1000;
const SOON = 450;
const PREFIX = "sifang:draft:";

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/* Answers {status, ...what the server said}; status 0 when it can't be reached. */
async function post(url, body) {
  try {
    const answer = await fetch(url, {
      method: "POST", credentials: "same-origin", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
    });
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { status: 0, problems: [t("unreachable")] };
  }
}

export class Server {
  constructor(store) {
    this.store = store;
    this.checked = store.doc;
    this.asked = 0;
  }

  get urls() {
    return this.store.data.urls;
  }

  /* As one types: a little after the last change, and only the answer to the latest counts. */
  soon() {
    const { store } = this;
    if (store.doc === this.checked) return;
    this.checked = store.doc;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), SOON);
  }

  async check() {
    const asked = this.asked += 1;
    const answer = await post(this.urls.check, { document: this.store.doc });
    if (asked === this.asked && answer.findings) this.store.tell({ findings: answer.findings, checked: true });
  }

  /* `over`: the version that was shown as a conflict, and is to be written over now. */
  async save(over = null) {
    const { store } = this;
    if (store.waiting) return;
    if (store.view === "text" && !(await this.read())) return;
    const { doc, positions } = store;
    store.tell({ waiting: true, notice: null });
    const answer = await post(this.urls.save, {
      document: doc, positions: { ...store.placed(), ...positions }, version: over ?? store.version, base: store.base,
    });
    if (answer.status === 200) {
      store.tell({
        waiting: false, saved: doc, spots: positions, base: doc, version: answer.version,
        findings: answer.findings, notice: { kind: "saved", at: answer.at },
      });
      this.forget();
    } else if (answer.conflict) {
      store.tell({ waiting: false, notice: { kind: "conflict", ...answer.conflict } });
    } else {
      const said = answer.problems ?? [];
      const findings = answer.findings ?? store.findings;
      store.tell({ waiting: false, findings, notice: { kind: "refused", status: answer.status, problems: said } });
    }
  }

  /* What the other has saved takes the place of what is here; one step back undoes it. */
  take({ document: doc, positions, version }) {
    const { store } = this;
    store.edit(() => doc, "", { positions, selected: null });
    store.tell({ base: doc, saved: doc, spots: positions, version, notice: null });
    this.forget();
  }

  /* --- the draft as a file --- */

  async write() {
    const answer = await post(this.urls.text, { document: this.store.doc });
    if (answer.text === undefined) return answer.problems ?? [t("unreachable")];
    this.store.tell({ view: "text", text: answer.text, written: answer.text, faults: [] });
    return null;
  }

  /* Takes the text over; false, with its faults shown, when it can't be read. */
  async read() {
    const { store } = this;
    if (store.text === store.written) return true;
    const { text } = store;
    const answer = await post(this.urls.parse, { text });
    if (!answer.document) {
      store.tell({ faults: answer.faults ?? [{ line: 0, text: (answer.problems ?? [t("unreachable")])[0] }] });
      return false;
    }
    store.tell({ written: text, faults: [] });
    store.edit(() => answer.document, "", { selected: null });
    return true;
  }

  /* --- kept here until it is saved --- */

  get name() {
    return `${PREFIX}${setting("person")}:workflow:${this.store.data.id}`;
  }

  keep() {
    const { store } = this;
    if (store.notice?.kind === "kept") return;
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => {
      if (!store.dirty) return;
      const { doc, positions, version, base } = store;
      this.store_(JSON.stringify({ at: Date.now(), doc, positions, version, base }));
    }, SOON);
  }

  store_(text) {
    try {
      localStorage.setItem(this.name, text);
    } catch { /* full or forbidden: then nothing is kept, and nothing else is hindered */ }
  }

  forget() {
    clearTimeout(this.keeping);
    try {
      localStorage.removeItem(this.name);
    } catch { /* see above */ }
  }

  offer() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.name));
    } catch { /* see above */ }
    if (!kept || Date.now() - kept.at > WEEK) return;
    if (JSON.stringify([kept.doc, kept.positions]) === JSON.stringify([this.store.doc, this.store.positions])) this.forget();
    else this.store.tell({ notice: { kind: "kept", kept } });
  }

  restore({ doc, positions, version, base }) {
    this.store.tell({ notice: null, version, base });
    this.store.edit(() => doc, "", { positions, selected: null });
  }
}
