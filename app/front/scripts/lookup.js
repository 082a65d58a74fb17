/* A searching select: <div class="lookup" data-url="…"> with a text box and a hidden value.
   Without script the text is looked up by the server when the form is sent. */


const DELAY = 180;
let serial = 0;

class Lookup {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("input[type=text]");
    this.value = root.querySelector("input[type=hidden]");
    this.chosen = this.box.value;
    this.active = -1;
    this.list = document.createElement("ul");
    this.list.className = "lookup-list";
    this.list.id = `lookup-${++serial}`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    root.append(this.list);
    this.box.setAttribute("role", "combobox");
    this.box.setAttribute("aria-expanded", "false");
    this.box.setAttribute("aria-autocomplete", "list");
    this.box.setAttribute("aria-controls", this.list.id);
    this.box.addEventListener("focus", () => this.ask(0));
    this.box.addEventListener("input", () => { this.value.value = ""; this.ask(DELAY); });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  ask(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), delay);
  }

  async fetch() {
    const words = this.box.value === this.chosen ? "" : this.box.value;
    const url = `${this.root.dataset.url}?q=${encodeURIComponent(words)}`;
    this.request?.abort();
    this.request = new AbortController();
    try {
      const answer = await fetch(url, {
        headers: { Accept: "application/json" }, signal: this.request.signal,
      });
      if (answer.ok) this.show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show({ results, more, note }) {
    if (document.activeElement !== this.box) return;
    this.list.replaceChildren();
    results.forEach(({ id, text }, index) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${index}`;
      item.textContent = text;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        this.choose(id, text);
      });
      item.choose = () => this.choose(id, text);
      this.list.append(item);
    });
    if (more || !results.length) {
      const item = document.createElement("li");
      item.className = "lookup-note";
      item.textContent = note;
      this.list.append(item);
    }
    this.active = -1;
    this.list.hidden = false;
    this.box.setAttribute("aria-expanded", "true");
  }

  key(event) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      event.preventDefault();
      options[this.active].choose();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + options.length) % options.length;
      options.forEach((item, index) =>
        item.setAttribute("aria-selected", String(index === this.active)));
      options[this.active].scrollIntoView({ block: "nearest" });
      this.box.setAttribute("aria-activedescendant", options[this.active].id);
    }
  }

  choose(id, text) {
    this.value.value = id;
    this.box.value = text;
    this.chosen = text;
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
  }
}

/* ``root`` may be the searching select itself. */
export function start(root) {
  const found = [...root.querySelectorAll(".lookup[data-url]:not([data-ready])")];
  if (root.matches?.(".lookup[data-url]:not([data-ready])")) found.push(root);
  for (const each of found) {
    each.dataset.ready = "1";
    new Lookup(each);
  }
}
