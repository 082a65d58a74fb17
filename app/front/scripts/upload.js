/* Sending files: the same POST as without script, with a bar that tells how far it is, a way to
   stop it, and everything still there when the connection breaks. */
import { make, say } from "./words.js";

class Upload {
  constructor(form, submitter) {
    this.form = form;
    this.bar = make("progress", { max: "100", value: "0", "aria-label": say("sending") });
    this.text = make("span", { class: "num" });
    const stop = make("button", { type: "button", class: "btn btn-quiet" }, say("stop"));
    stop.addEventListener("click", () => this.request.abort());
    this.place = make("div", { class: "upload" }, this.bar, this.text, stop);
    (form.querySelector(".actions, .form-end") ?? form).append(this.place);
    form.querySelector(".upload-problem")?.remove();
    form.dataset.uploading = "1";
    form.setAttribute("aria-busy", "true");
    this.send(submitter);
  }

  send(submitter) {
    const data = new FormData(this.form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    const request = this.request = new XMLHttpRequest();
    request.open("POST", submitter?.getAttribute("formaction") || this.form.action);
    request.setRequestHeader("X-Upload", "1");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const share = Math.floor((100 * event.loaded) / event.total);
      this.bar.value = share;
      this.text.textContent = share < 100 ? `${share} %` : say("saving");
    });
    request.addEventListener("load", () => this.answered());
    request.addEventListener("error", () => this.failed(say("broken")));
    request.addEventListener("abort", () => this.failed(say("stopped")));
    request.send(data);
  }

  answered() {
    const next = this.request.getResponseHeader("X-Location");
    if (next) {
      leave(next);
      return;
    }
    const answer = new DOMParser().parseFromString(this.request.responseText, "text/html");
    const main = answer.querySelector("main");
    if (!main) {
      this.failed(say("broken"));
      return;
    }
    document.title = answer.title;
    document.querySelector("main").replaceWith(main);
    scrollTo(0, 0);
    window.htmx?.process(main);
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: main } }));
  }

  failed(message) {
    this.place.remove();
    this.form.removeAttribute("aria-busy");
    delete this.form.dataset.uploading;
    delete this.form.dataset.sent;
    const problem = make("p", { class: "flash flash-bad upload-problem", role: "alert" }, message);
    (this.form.querySelector(".actions, .form-end") ?? this.form).before(problem);
    this.form.dispatchEvent(new CustomEvent("unsent", { bubbles: true }));
  }
}

/* To the page that the server names, loaded anew also when only its part differs. */
function leave(address) {
  const target = new URL(address, location.href);
  const same = target.pathname + target.search === location.pathname + location.search;
  if (same && target.hash) {
    history.replaceState(null, "", target);
    location.reload();
  } else {
    location.assign(target);
  }
}

/* Forms that were sent while their photos were still being made smaller, each with the button that
   was pressed: they go when the photos are ready, unless one of them is wrong. */
const waiting = new WeakMap();

const wait = (form, submitter) => {
  delete form.dataset.sent;
  waiting.set(form, submitter ?? form.querySelector("button:not([type=button])"));
};

const prepared = ({ target: form, detail: sound }) => {
  const submitter = waiting.get(form);
  waiting.delete(form);
  if (!submitter) return;
  if (sound) submitter.click();
  else form.dispatchEvent(new CustomEvent("unsent", { bubbles: true }));
};

let begun = false;

export function start() {
  if (begun) return;
  begun = true;
  document.addEventListener("prepared", prepared);
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.dataset.uploading || form.hasAttribute("data-preparing")) {
      event.preventDefault();
      if (!form.dataset.uploading) wait(form, submitter);
      return;
    }
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    const files = [...form.querySelectorAll("input[type=file][name]")];
    if (form.enctype !== "multipart/form-data" || !files.some((each) => each.files.length)) return;
    event.preventDefault();
    new Upload(form, submitter);
  });
}
