/* What was wrong with a form: the reader is taken to the list of it, and from there to each field
   without the address changing, by which the form may be open. */

const CONTROL = "input:not([type=hidden]), select, textarea, button";

let begun = false;

export function start(root) {
  if (!begun) {
    begun = true;
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-jump]");
      const row = link && document.getElementById(link.hash.slice(1));
      if (!row) return;
      event.preventDefault();
      row.scrollIntoView({ block: "start" });
      const named = document.getElementById(link.dataset.jump);
      const field = named?.matches(CONTROL) && named.tabIndex >= 0 ? named
        : row.querySelector("button, input:not([type=hidden]):not([tabindex='-1']), select, textarea");
      field?.focus({ preventScroll: true });
    });
  }
  const summary = root.querySelector("[data-summary]");
  if (summary) summary.focus();
}
