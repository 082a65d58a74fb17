/* Nothing that was typed is lost: what isn't saved yet is kept in this browser, for this person and
   this form, and offered again. It goes when it was saved, when the person signs out or somebody
   else signs in, and after a week. Passwords, files, telephone and ID numbers are never kept; what
   residents without a login type goes with the tab. */
import { make, say, setting, sign } from "./words.js";

const PREFIX = "sifang:draft:";
const HTMX = "[hx-post], [hx-put], [hx-patch]";
const SENT = "sifang:sent";
const WEEK = 7 * 24 * 3600 * 1000;
const CONTROLS = "input, select, textarea";
const TYPES = /^(text|search|url|email|number|date|time|datetime-local|month|radio|checkbox|select-one|select-multiple|textarea)$/;
const PRIVATE = /phone|mobile|\btel|passw|secret|token|identity|id_?(card|number)|bank/i;
const NUMBERS = /(^|\D)(\d{17}[\dXx]|1[3-9]\d(?:[ -]?\d){8}|0\d{2,3}[ -]?\d{7,8})(?!\d)/g;

let person = "";
let leaving = false;
const forms = new Map();

/* Storage may be full or forbidden: then nothing is kept, and nothing else is hindered. */
const store = () => {
  try {
    return person ? localStorage : sessionStorage;
  } catch {
    return null;
  }
};
const read = (key) => {
  try {
    return JSON.parse(store().getItem(key));
  } catch {
    return null;
  }
};
const write = (key, value) => {
  try {
    if (value === null) store().removeItem(key);
    else store().setItem(key, JSON.stringify(value));
  } catch { /* see above */ }
};

const controls = (form) => [...form.elements].filter((each) =>
  each.matches(CONTROLS) && each.name && !each.disabled && TYPES.test(each.type)
  && each.autocomplete !== "tel" && each.inputMode !== "tel" && !PRIVATE.test(each.name)
  && !each.closest(".trap, [data-private]"));

const looked = (control) =>
  control.closest(".lookup")?.querySelector("input[type=hidden]") ?? null;

const value = (control) => {
  if (/^(radio|checkbox)$/.test(control.type)) return control.checked;
  if (control.multiple) return [...control.selectedOptions].map((each) => each.value);
  const text = control.value.replace(NUMBERS, "$1□");
  const key = looked(control);
  return key && key.name !== control.name ? [text, key.value] : text;
};

const put = (control, given) => {
  if (typeof given === "boolean") control.checked = given;
  else if (control.multiple) {
    for (const each of control.options) each.selected = given.includes(each.value);
  } else if (Array.isArray(given)) {
    control.value = given[0];
    const key = looked(control);
    if (key) key.value = given[1];
  } else control.value = given;
};

class Draft {
  constructor(form, at) {
    this.form = form;
    const path = new URL(form.action, location.href).pathname;
    this.key = `${PREFIX}${person}:${path}#${at}`;
    this.before = this.state();
    form.addEventListener("input", (event) => this.soon(event));
    form.addEventListener("change", (event) => this.soon(event));
    form.addEventListener("submit", (event) => {
      if (!event.defaultPrevented && !form.matches(HTMX)) this.sent();
    });
    form.addEventListener("unsent", () => {
      leaving = false;
      forget();
    });
    // A press on "cancel" says that it isn't wanted.
    form.addEventListener("reset", () => this.drop());
  }

  /* What each control holds, by its name and which one of that name it is. */
  state() {
    const count = {};
    const found = {};
    for (const control of controls(this.form)) {
      const at = count[control.name] = (count[control.name] ?? -1) + 1;
      found[`${control.name}\n${at}`] = value(control);
    }
    return found;
  }

  get changed() {
    return JSON.stringify(this.state()) !== JSON.stringify(this.before);
  }

  /* Text that would be missed; a choice is made again soon enough. */
  get texts() {
    const now = this.state();
    return controls(this.form).some((each) => /^(text|textarea|search)$/.test(each.type))
      && Object.keys(now).some((name) =>
        typeof now[name] !== "boolean" && now[name].length > 0
        && JSON.stringify(now[name]) !== JSON.stringify(this.before[name]));
  }

  soon(event) {
    if (event.target.type === "file") return;
    this.note?.remove();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), 400);
  }

  keep() {
    clearTimeout(this.timer);
    if (!this.form.isConnected) return;
    write(this.key, this.changed ? { at: Date.now(), fields: this.state() } : null);
  }

  drop() {
    clearTimeout(this.timer);
    write(this.key, null);
  }

  sent() {
    this.keep();
    try {
      sessionStorage.setItem(SENT, this.key);
    } catch { /* see above */ }
  }

  offer() {
    const kept = read(this.key);
    if (!kept || Date.now() - kept.at > WEEK) {
      if (kept) this.drop();
      return;
    }
    if (JSON.stringify(kept.fields) === JSON.stringify(this.before)) return;
    if (kept.failed) this.restore(kept);
    else this.say("offer", kept, () => this.restore(kept));
  }

  restore(kept) {
    const count = {};
    for (const control of controls(this.form)) {
      const at = count[control.name] = (count[control.name] ?? -1) + 1;
      const given = kept.fields[`${control.name}\n${at}`];
      if (given !== undefined) put(control, given);
    }
    for (const details of this.form.querySelectorAll("details")) details.open = true;
    const step = this.form.closest(".step-form");
    if (step && location.hash !== `#${step.id}`) location.hash = step.id;
    write(this.key, { at: kept.at, fields: this.state() });
    this.say("back", kept);
    this.form.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
  }

  say(word, kept, press) {
    this.note?.remove();
    const at = new Date(kept.at);
    const today = at.toDateString() === new Date().toDateString();
    const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    const time = new Intl.DateTimeFormat(document.documentElement.lang, style).format(at);
    const text = make("span", {}, say(word, { time }));
    if (word === "back") text.append(" ", make("small", {}, say("left_out")));
    const buttons = [];
    if (press) buttons.push(this.button("restore", press));
    buttons.push(this.button("discard", () => this.discard()));
    this.note = make("div", { class: "draft-note", role: "status" }, sign("history"), text,
      make("span", { class: "draft-buttons" }, ...buttons));
    const hidden = !this.form.getClientRects().length;
    const place = hidden ? this.form.closest(".step-form") ?? this.form : null;
    if (place) place.before(this.note);
    else this.form.prepend(this.note);
  }

  button(word, press) {
    const button = make("button", { type: "button", class: "btn btn-quiet" }, say(word));
    button.addEventListener("click", press);
    return button;
  }

  discard() {
    const count = {};
    for (const control of controls(this.form)) {
      const at = count[control.name] = (count[control.name] ?? -1) + 1;
      const given = this.before[`${control.name}\n${at}`];
      if (given !== undefined) put(control, given);
    }
    this.note.remove();
    this.drop();
  }
}

/* Forms in which people write: more than one line, or more than one control. */
const wanted = (form) => {
  if (form.method !== "post" || form.closest("[data-no-draft], header, nav, .menu")) return false;
  if (form.querySelector("input[type=password]")) return false;
  const written = controls(form).filter((each) => !/^(radio|checkbox)$/.test(each.type));
  return written.length > 1 || written.some((each) => each.type === "textarea");
};

/* The key of what was sent last, once. */
const forget = () => {
  try {
    const key = sessionStorage.getItem(SENT);
    sessionStorage.removeItem(SENT);
    return key;
  } catch {
    return null;
  }
};

/* The page that came after sending says how it went: an error page keeps the text for the next
   time, as does going back or loading anew after the connection broke; a form that came back with
   errors holds it; anything else has it saved. */
function settle(whole) {
  const key = forget();
  if (!key) return;
  const again = whole && performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  if (again || document.querySelector("[data-failed], .login-card")) {
    const kept = readAny(key);
    if (kept) writeAny(key, { ...kept, failed: true });
    return;
  }
  const form = [...forms.values()].find((each) => each.key === key)?.form;
  const refused = form?.isConnected && document.querySelector("main .has-error, main .flash-bad");
  if (!refused) writeAny(key, null);
}

/* On an error page nobody need be signed in: look in both places. */
const readAny = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key) ?? sessionStorage.getItem(key));
  } catch {
    return null;
  }
};
const writeAny = (key, given) => {
  try {
    const place = localStorage.getItem(key) === null ? sessionStorage : localStorage;
    if (given === null) place.removeItem(key);
    else place.setItem(key, JSON.stringify(given));
  } catch { /* see above */ }
};

/* Of everybody, of everybody else, or what is old. */
function clear(unwanted) {
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      if (unwanted(key)) localStorage.removeItem(key);
    }
  } catch { /* see above */ }
}

let begun = false;

function begin() {
  begun = true;
  person = setting("person");
  if (person) clear((key) => !key.startsWith(`${PREFIX}${person}:`));
  clear((key) => Date.now() - (readAny(key)?.at ?? 0) > WEEK);
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && event.target.method === "post") leaving = true;
    if (/\/logout\/?$/.test(event.target.action)) {
      for (const draft of forms.values()) clearTimeout(draft.timer);
      forms.clear();
      clear(() => true);
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const draft = forms.get(event.detail.elt);
    if (!draft) return;
    leaving = false;
    if (event.detail.successful) draft.drop();
  });
  addEventListener("pagehide", () => {
    for (const draft of forms.values()) if (draft.form.isConnected && !leaving) draft.keep();
  });
  addEventListener("pageshow", () => { leaving = false; });
  addEventListener("beforeunload", (event) => {
    if (leaving) return;
    const unsaved = [...forms.values()].some((each) =>
      each.form.isConnected && each.form.getClientRects().length && each.texts);
    if (unsaved) event.preventDefault();
  });
}

export function start(root) {
  const first = !begun;
  if (first) begin();
  for (const form of forms.keys()) if (!form.isConnected) forms.delete(form);
  const count = {};
  for (const form of document.querySelectorAll("form")) {
    if (!wanted(form)) continue;
    const at = count[form.action] = (count[form.action] ?? -1) + 1;
    if (forms.has(form) || !(root === document || root.contains(form))) continue;
    forms.set(form, new Draft(form, at));
  }
  if (first || root.matches?.("main")) settle(first);
  for (const draft of forms.values()) {
    if (draft.offered || !draft.form.isConnected) continue;
    draft.offered = true;
    draft.offer();
  }
}
