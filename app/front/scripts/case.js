/* The page of a case: a form that opens takes the cursor, photos open large. Without script the
   forms open by their address and photos in a tab of their own. */

const FIELD = "input:not([type=hidden]), select, textarea, button";

/* The first field of the form that the address names, or of the one that came back refused. */
const enter = () => {
  const named = location.hash.startsWith("#do-") && document.getElementById(location.hash.slice(1));
  const form = named || document.querySelector(".step-form.is-open .has-error");
  if (!form) return;
  const field = [...form.querySelectorAll(FIELD)].find((one) => one.offsetParent);
  if (field) field.focus({ preventScroll: !!named });
};

/* A refused form stays open by its class; it closes when another one opens or it is cancelled. */
const turn = () => {
  for (const form of document.querySelectorAll(".step-form.is-open")) {
    form.classList.toggle("is-open", `#${form.id}` === location.hash);
  }
  if (!document.querySelector(".step-form.is-open")) {
    for (const main of document.querySelectorAll(".offer-main")) main.classList.remove("is-open");
  }
  enter();
};

let view = null;
let photos = [];
let at = 0;

const show = (index) => {
  at = index;
  const image = view.querySelector("img");
  image.src = photos[at].href;
  image.alt = photos[at].querySelector("img").alt;
  view.querySelector(".photo-name").textContent = image.alt;
  view.querySelector(".is-before").hidden = at === 0;
  view.querySelector(".is-after").hidden = at === photos.length - 1;
};

const step = (by) => {
  if (photos[at + by]) show(at + by);
};

const large = (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !view || !view.showModal) return;
  event.preventDefault();
  photos = [...document.querySelectorAll("a.photo")];
  show(photos.indexOf(event.currentTarget));
  view.showModal();
};

const arm = () => {
  view = document.getElementById("photo-view");
  if (!view) return;
  view.querySelector(".photo-close").addEventListener("click", () => view.close());
  view.querySelector(".is-before").addEventListener("click", () => step(-1));
  view.querySelector(".is-after").addEventListener("click", () => step(1));
  view.querySelector("img").addEventListener("click", () => view.close());
  view.addEventListener("close", () => photos[at] && photos[at].focus());
  view.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) step(by);
  });
};

export function start(root) {
  for (const photo of root.querySelectorAll("a.photo")) photo.addEventListener("click", large);
  if (root !== document) return;
  arm();
  window.addEventListener("hashchange", turn);
  enter();
}
