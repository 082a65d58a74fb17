/* The box of the one search: "/" leads to it, the arrows through what was found below it. What is
   found comes by htmx; Enter without a choice opens the page of all results, as without script. */

const BOXES = "[data-search] input, #search-words";
const typing = (element) =>
  element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

class Box {
  constructor(form) {
    this.form = form;
    this.field = form.querySelector("input");
    this.list = form.querySelector(".search-list");
    this.field.setAttribute("role", "combobox");
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.setAttribute("aria-controls", this.list.id);
    this.show(false);
    this.list.addEventListener("htmx:afterSwap", () => this.fill());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("focus", () => this.show(true));
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) this.show(false);
    });
    // A press on an option must not take the focus away before it is followed.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  fill() {
    // A list box without an option is none: then it is a plain message.
    const some = this.options.length > 0;
    this.list.setAttribute("role", some ? "listbox" : "status");
    if (some) this.list.setAttribute("aria-label", this.field.labels[0].textContent);
    else this.list.removeAttribute("aria-label");
    this.active = -1;
    this.show(document.activeElement === this.field);
    if (this.list.querySelector("[data-exact]")) this.choose(0);
  }

  show(open) {
    const shown = open && this.list.childElementCount > 0 && this.field.value.trim() !== "";
    this.list.hidden = !shown;
    this.field.setAttribute("aria-expanded", String(shown));
    if (!shown) this.choose(-1);
  }

  choose(index) {
    this.active = index;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = this.options[index];
    if (option) {
      this.field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.field.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    if (event.isComposing) return;
    const count = this.options.length;
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.show(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      if (this.list.hidden) this.show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place more than there are options: the field itself.
      const place = (this.active + 1 + step + count + 1) % (count + 1);
      this.choose(place - 1);
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      event.preventDefault();
      this.options[this.active].click();
    }
  }
}

let begun = false;
function begin() {
  begun = true;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = [...document.querySelectorAll(BOXES)].find((each) => each.offsetParent);
    if (!field || typing(event.target)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  // Half a word of Pinyin is nothing to search for: wait for the characters.
  const composed = (event) => event.target instanceof Element && event.target.matches(BOXES);
  document.addEventListener("input", (event) => {
    if (event.isComposing && composed(event)) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("compositionend", (event) => {
    if (composed(event)) event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

export function start(root) {
  if (!begun) begin();
  for (const form of root.querySelectorAll("form[data-search]:not([data-ready])")) {
    form.dataset.ready = "1";
    new Box(form);
  }
}
