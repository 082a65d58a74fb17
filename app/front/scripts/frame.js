/* What every page needs beside htmx. Everything here is a comfort: without script the forms,
   lists and menus work all the same. */

export function begin() {
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
  });

  /* A refused or failed request still brings a page part that says why. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status === 409 || status === 422) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  /* Signed out meanwhile: sign in and come back to this page. */
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    const here = location.pathname + location.search;
    location.assign(`/login/?next=${encodeURIComponent(here)}`);
  });

  /* Of a bar that is wider than a phone, the tab of this page is seen. */
  for (const bar of document.querySelectorAll(".view-tabs")) {
    const tab = bar.querySelector("[aria-current]");
    if (tab) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.clientWidth) / 2;
  }

  /* One press, one request: a second press waits for the answer to the first. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }, 8000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  /* A strip that scrolls sideways follows the keys: browsers leave alone what peeps out of its end. */
  document.addEventListener("focusin", (event) => {
    const strip = event.target.closest(".list-chips, .view-tabs, .piles, .buildings");
    if (strip && strip !== event.target && strip.scrollWidth > strip.clientWidth) {
      event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });

  /* Menus close on Escape, on a press elsewhere, and when the keys have led out of them: an open
     one would hide what has the focus. */
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest("details.menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* A box that ticks all the others of its table. */
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-check-all]")) return;
    const table = event.target.closest("table");
    for (const box of table.querySelectorAll("tbody input[type=checkbox]")) {
      box.checked = event.target.checked;
    }
  });
}
