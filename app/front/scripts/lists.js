/* Lists that reload in place. Without this script everything is a link or a form with a button. */

let kept = "";

export function start(root) {
  for (const field of root.querySelectorAll("[data-send]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }
  if (root.id === "list") settle(root);
}

/* The list has been exchanged: say how many there are, and leave nobody's focus behind. */
function settle(list) {
  const live = document.getElementById("list-live");
  const count = document.getElementById("list-count");
  if (live && count) live.textContent = count.textContent;
  const pressed = kept && document.getElementById(kept);
  kept = "";
  if (pressed) {
    pressed.closest("details").open = true;
    const still = pressed.disabled ? pressed.closest("li").querySelector("button:enabled, input") : pressed;
    still?.focus();
  } else if (document.activeElement === document.body) {
    count?.focus({ preventScroll: true });
  }
}

export function begin() {
  /* Addresses without what is empty. A view's own address would bring its filters back. */
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get" || !detail.elt.closest("#list")) return;
    const form = detail.formData;
    for (const [name, value] of [...form.entries()]) {
      const doubled = name.endsWith("-text") && form.get(name.slice(0, -5));
      if (doubled || (value === "" && !form.has("view"))) form.delete(name);
    }
  });
  /* Moving a column is often pressed again: its panel stays open. */
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const by = document.activeElement;
    kept = by?.matches("#list-columns button[name=earlier], #list-columns button[name=later]")
      && by.closest("form") === detail.elt ? by.id : "";
  });
  /* Panels close on Escape and on a press elsewhere. */
  document.addEventListener("click", ({ target }) => {
    for (const drop of document.querySelectorAll("details.drop[open]")) {
      if (!drop.contains(target)) drop.open = false;
    }
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const drop of document.querySelectorAll("details.drop[open]")) {
      drop.open = false;
      drop.querySelector("summary").focus();
    }
  });
}
