/* Choosing files. The browser's own control speaks the browser's language and forgets what was
   chosen before: it is covered by buttons of ours, with a picture of each file below. Photos of a
   phone are many megabytes: they are made smaller, upright and without place and time before they
   are sent. Without script, or where the browser can't, all works as is. */
import { make, say, setting, sign } from "./words.js";

const LONGEST = 2048;
const SMALL = 600 * 1024;
const QUALITY = 0.85;
const MEGABYTE = 1024 * 1024;
const ROOM = 0.25 * MEGABYTE; // for the rest of the form

const picture = (file) => /^image\/(jpeg|png|webp|heic|heif)$/.test(file.type);

const load = (url) => new Promise((done, failed) => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = failed;
  image.src = url;
});

/* Smaller, as JPEG; the file itself when it is small already, or where the browser can't. */
const shrink = async (file) => {
  if (!picture(file) || !CSS.supports("image-orientation", "from-image")) return file;
  const url = URL.createObjectURL(file);
  try {
    const image = await load(url);
    const scale = Math.min(1, LONGEST / Math.max(image.naturalWidth, image.naturalHeight));
    if (scale === 1 && file.size <= SMALL && !/hei[cf]$/.test(file.type)) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // where a PNG is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!blob || (blob.size >= file.size && scale === 1)) return file;
    const name = `${file.name.replace(/\.[^.]*$/, "")}.jpg`;
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    return file;
  } finally {
    URL.revokeObjectURL(url);
  }
};

const size = (bytes) => bytes < MEGABYTE
  ? `${Math.max(1, Math.round(bytes / 1024))} kB`
  : `${(bytes / MEGABYTE).toFixed(1)} MB`;

class Files {
  constructor(input) {
    this.input = input;
    this.items = [];
    this.most = Number(setting("most")) || 20 * MEGABYTE;
    this.count = input.multiple ? Number(setting("files")) || 9 : 1;
    this.list = make("ul", { class: "thumbs", hidden: true });
    this.problem = make("div", { class: "field-error", role: "alert", hidden: true });
    this.status = make("div", { class: "visually-hidden", role: "status" });
    this.button = this.choice("upload", "choose", () => input.click());
    const group = make("div", { class: "file-choice", role: "group" }, this.button);
    const label = document.querySelector(`label[for="${CSS.escape(input.id)}"]`);
    if (label) {
      label.id = label.id || `${input.id}-label`;
      group.setAttribute("aria-labelledby", label.id);
    }
    const told = input.getAttribute("aria-describedby");
    if (told) this.button.setAttribute("aria-describedby", told);
    if (input.matches("[data-shrink]") && matchMedia("(pointer: coarse)").matches) group.prepend(this.camera());
    input.classList.add("is-covered");
    input.tabIndex = -1;
    input.before(group);
    input.after(this.list, this.problem, this.status);
    input.addEventListener("change", () => this.add([...input.files]));
    input.form?.addEventListener("reset", () => { this.items = []; this.draw(); });
    if (input.files.length) this.add([...input.files]); // before this script was there
  }

  choice(icon, word, press) {
    const attributes = { type: "button", class: "btn btn-outline-secondary" };
    const button = make("button", attributes, sign(icon), say(word));
    button.addEventListener("click", press);
    return button;
  }

  /* The camera itself, without the way over the gallery. */
  camera() {
    const shot = make("input", {
      type: "file", accept: "image/*", capture: "environment", hidden: true,
    });
    shot.addEventListener("change", () => {
      this.add([...shot.files]);
      shot.value = "";
    });
    this.input.before(shot);
    if (this.input.hasAttribute("capture")) {
      this.input.removeAttribute("capture"); // its button is the one for the gallery now
    }
    return this.choice("camera", "photo", () => shot.click());
  }

  async add(files) {
    const wrong = [];
    const fresh = [];
    for (const file of files) {
      if (!this.fits(file)) wrong.push(this.unfit(file.name));
      else fresh.push({ file, name: file.name });
    }
    if (!this.input.multiple && fresh.length) this.clear();
    const left = this.count - this.items.length;
    if (fresh.length > left) wrong.push(say("count", { count: this.count }));
    const taken = fresh.slice(0, Math.max(0, left));
    this.items.push(...taken);
    this.draw();
    this.busy(1);
    for (const item of taken) {
      item.file = await shrink(item.file);
      item.name = item.file.name;
    }
    this.busy(-1);
    for (const item of taken.filter((each) => each.file.size > this.most - ROOM)) {
      wrong.push(say("large", { name: item.name, most: Math.round(this.most / MEGABYTE) }));
      this.items = this.items.filter((each) => each !== item);
    }
    if (this.items.reduce((sum, each) => sum + each.file.size, 0) > this.most - ROOM) {
      wrong.push(say("total", { most: Math.round(this.most / MEGABYTE) }));
    }
    this.draw();
    this.problem.replaceChildren(...(wrong.length ? [sign("alert-circle")] : []),
      make("span", {}, wrong.join(" ")));
    this.problem.hidden = !wrong.length;
    const { form } = this.input;
    if (!form || form.hasAttribute("data-preparing")) return;
    form.dispatchEvent(new CustomEvent("prepared", { bubbles: true, detail: !wrong.length }));
  }

  /* Files may be added while those before are still being made smaller. */
  busy(more) {
    const { form } = this.input;
    if (!form) return;
    const count = Number(form.dataset.preparing ?? 0) + more;
    if (count) form.dataset.preparing = count;
    else delete form.dataset.preparing;
  }

  /* By its ending or kind, as ``accept`` says. */
  fits(file) {
    const name = file.name.toLowerCase();
    return (this.input.accept || "*").split(",").map((each) => each.trim()).some((rule) =>
      rule === "*" || (rule.startsWith(".") ? name.endsWith(rule)
        : rule.endsWith("/*") ? file.type.startsWith(rule.slice(0, -1)) : file.type === rule));
  }

  unfit(name) {
    if (this.input.matches("[data-shrink]")) return say("kind", { name });
    const endings = this.input.accept.split(",").filter((each) => each.startsWith("."));
    return say("ending", { name, endings: endings.join(" ") });
  }

  clear() {
    for (const item of this.items) URL.revokeObjectURL(item.url);
    this.items = [];
  }

  draw() {
    const transfer = new DataTransfer();
    for (const item of this.items) transfer.items.add(item.file);
    this.input.files = transfer.files;
    const removes = () => [...this.list.querySelectorAll(".thumb-remove")];
    const held = removes().indexOf(document.activeElement);
    this.list.replaceChildren(...this.items.map((item) => this.drawn(item)));
    removes()[held]?.focus();
    this.list.hidden = !this.items.length;
    this.status.textContent = this.items.length ? say("chosen", { count: this.items.length }) : "";
  }

  drawn(item) {
    const remove = make("button", {
      type: "button", class: "thumb-remove", "aria-label": say("remove", { name: item.name }),
    }, sign("x"));
    remove.addEventListener("click", () => this.remove(item));
    const name = make("span", { class: "thumb-name" }, item.name);
    const told = make("span", { class: "thumb-size num" }, size(item.file.size));
    return make("li", { class: "thumb" }, this.view(item), name, told, remove);
  }

  view(item) {
    if (!picture(item.file)) return make("span", { class: "thumb-view" }, sign("file-text"));
    if (item.seen !== item.file) {
      URL.revokeObjectURL(item.url);
      item.url = URL.createObjectURL(item.file);
      item.seen = item.file;
    }
    return make("img", { class: "thumb-view", src: item.url, alt: "" });
  }

  remove(item) {
    const at = this.items.indexOf(item);
    URL.revokeObjectURL(item.url);
    this.items.splice(at, 1);
    this.problem.hidden = true;
    this.draw();
    const next = this.list.querySelectorAll(".thumb-remove")[Math.min(at, this.items.length - 1)];
    (next ?? this.button).focus();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

export function start(root) {
  for (const input of root.querySelectorAll("input[type=file]:is([data-shrink], [data-files]):not(.is-covered)")) {
    new Files(input);
  }
}
