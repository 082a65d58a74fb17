/* The way through a form: from the list of what was wrong to each field, without the address
   changing, by which the form may be open; on a phone from one field to the next by the key that
   says so, instead of sending a form half filled in. */

const CONTROL = "input:not([type=hidden]):not([tabindex='-1']), select, textarea, button";
const LINES = /^(text|tel|search|email|url|number|date|datetime-local)$/;

const jump = (event) => {
  const link = event.target.closest("a[data-jump]");
  const row = link && document.getElementById(link.hash.slice(1));
  if (!row) return;
  event.preventDefault();
  row.scrollIntoView({ block: "start" });
  const named = document.getElementById(link.dataset.jump);
  const field = named?.matches(CONTROL) ? named : row.querySelector(CONTROL);
  field?.focus({ preventScroll: true });
};

const next = (event) => {
  const { target: field, key } = event;
  if (key !== "Enter" || event.isComposing || event.defaultPrevented) return;
  if (field.tagName !== "INPUT" || !LINES.test(field.type) || field.form?.method !== "post") return;
  if (field.form.querySelector("input[type=password]")) return;
  const all = [...field.form.querySelectorAll(CONTROL)].filter((each) => each.getClientRects().length);
  const following = all[all.indexOf(field) + 1];
  if (!following) return;
  event.preventDefault();
  following.focus();
};

let begun = false;

export function start(root) {
  if (!begun) {
    begun = true;
    document.addEventListener("click", jump);
    if (matchMedia("(pointer: coarse)").matches) document.addEventListener("keydown", next);
  }
  root.querySelector("[data-summary]")?.focus();
}
