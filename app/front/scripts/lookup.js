/* A searching select: <div class="lookup" data-url="…"> with a text box and a hidden value.
   Without script the text is looked up by the server when the form is sent. */
import { make, say, sign } from "./words.js";

const DELAY = 180;
let serial = 0;

class Lookup {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("input[type=text]");
    this.value = root.querySelector("input[type=hidden]");
    this.chosen = this.value.value ? this.box.value : "";
    this.active = -1;
    const id = `lookup-${++serial}`;
    const label = this.box.labels[0]?.firstChild.textContent.trim()
      ?? this.box.getAttribute("aria-label");
    this.options = make("ul", { id, role: "listbox", "aria-label": label });
    this.note = make("div", { class: "lookup-note" });
    this.list = make("div", { class: "lookup-list", hidden: true }, this.options, this.note);
    this.status = make("div", { class: "visually-hidden", role: "status" });
    this.clear = make("button", {
      type: "button", class: "lookup-clear", "aria-label": `${say("clear")}: ${label}`, hidden: true,
    }, sign("x"));
    root.append(this.clear, this.list, this.status);
    this.box.setAttribute("role", "combobox");
    this.box.setAttribute("aria-expanded", "false");
    this.box.setAttribute("aria-autocomplete", "list");
    this.box.setAttribute("aria-controls", id);
    this.listen();
    this.look();
  }

  listen() {
    this.box.addEventListener("focus", () => this.ask(0));
    this.box.addEventListener("click", () => { if (this.list.hidden) this.ask(0); });
    this.box.addEventListener("input", (event) => { if (!event.isComposing) this.typed(); });
    this.box.addEventListener("compositionend", () => this.typed());
    this.box.addEventListener("keydown", (event) => { if (!event.isComposing) this.key(event); });
    this.root.addEventListener("focusout", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.close();
    });
    // A press on the list must not take the focus, and with it the list, away.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.options.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.choose(item.dataset.id, item.textContent);
    });
    this.clear.addEventListener("click", () => {
      this.choose("", "");
      this.box.focus();
    });
    this.root.closest("form")?.addEventListener("restored", () => {
      this.chosen = this.value.value ? this.box.value : "";
      this.look();
    });
  }

  typed() {
    this.request?.abort();
    this.value.value = "";
    this.stale = true; // what is listed doesn't fit what stands there any more
    this.options.setAttribute("aria-busy", "true");
    this.look();
    this.ask(DELAY);
  }

  look() {
    this.clear.hidden = !this.box.value;
    this.root.classList.toggle("is-chosen", this.value.value !== "");
  }

  ask(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), delay);
  }

  async fetch() {
    const words = this.value.value && this.box.value === this.chosen ? "" : this.box.value;
    const url = `${this.root.dataset.url}?q=${encodeURIComponent(words)}`;
    this.request?.abort();
    const request = this.request = new AbortController();
    const slow = setTimeout(() => this.open([], say("searching")), 400);
    try {
      const answer = await fetch(url, {
        headers: { Accept: "application/json" }, signal: request.signal,
      });
      if (!answer.ok) throw new Error(answer.status);
      const { results, more, note } = await answer.json();
      this.open(results, more || !results.length ? note : "");
    } catch (error) {
      if (error.name !== "AbortError") this.open([], say("unreachable"));
    } finally {
      clearTimeout(slow);
    }
  }

  open(results, note) {
    if (document.activeElement !== this.box) return;
    this.stale = false;
    this.options.removeAttribute("aria-busy");
    this.options.replaceChildren(...results.map(({ id, text }, index) => make("li", {
      id: `${this.options.id}-${index}`, role: "option", "data-id": id,
      "aria-selected": String(id === this.value.value),
    }, text)));
    this.options.hidden = !results.length;
    this.note.textContent = note;
    this.note.hidden = !note;
    this.status.textContent = [results.length ? say("hits", { count: results.length }) : "", note]
      .filter(Boolean).join(" ");
    this.active = -1;
    this.box.removeAttribute("aria-activedescendant");
    this.list.hidden = false;
    this.box.setAttribute("aria-expanded", String(results.length > 0));
    // Beside the keyboard of a phone there is room only above the half.
    if (matchMedia("(pointer: coarse)").matches) {
      (this.root.closest(".form-row") ?? this.root).scrollIntoView({ block: "start" });
    }
  }

  key(event) {
    const options = [...this.options.children];
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      if (this.stale) return;
      const item = options[this.active] ?? (options.length === 1 ? options[0] : null);
      if (item) this.choose(item.dataset.id, item.textContent);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.ask(0);
      else if (options.length && !this.stale) this.move(options, event.key === "ArrowDown" ? 1 : -1);
    }
  }

  move(options, step) {
    const from = this.active < 0 && step < 0 ? 0 : this.active;
    this.active = (from + step + options.length) % options.length;
    options.forEach((item, index) =>
      item.setAttribute("aria-selected", String(index === this.active)));
    options[this.active].scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", options[this.active].id);
  }

  choose(id, text) {
    this.value.value = id;
    this.box.value = text;
    this.chosen = text;
    this.look();
    this.close();
    this.box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
  }
}

export function start(root) {
  for (const each of root.querySelectorAll(".lookup[data-url]:not([data-ready])")) {
    each.dataset.ready = "1";
    new Lookup(each);
  }
}
