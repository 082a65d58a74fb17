/* The script of every page: a comfort only, all works without it. Each part has ``start(root)``,
   called for the page and again for every part that htmx brings. */
import htmx from "htmx.org/dist/htmx.esm.js";

import * as cases from "./case.js";
import * as draft from "./draft.js";
import * as flaws from "./flaws.js";
import * as frame from "./frame.js";
import * as lists from "./lists.js";
import * as lookup from "./lookup.js";
import * as photos from "./photos.js";
import * as print from "./print.js";
import * as search from "./search.js";
import * as upload from "./upload.js";
import * as year from "./year.js";

window.htmx = htmx;
// Drafts come before uploads: they look at a form before its sending is taken over.
const PARTS = [
  cases, lists, lookup, photos, print, search, draft, upload, flaws, year,
];

frame.begin();
lists.begin();
const start = (root) => PARTS.forEach((part) => part.start(root));
if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", () => start(document));
} else {
  start(document);
}
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) start(event.detail.elt);
});
