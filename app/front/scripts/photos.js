/* Choosing files. The browser's own control speaks the browser's language and shows no names: it is
   covered by a button of ours with a list below. Photos of a phone are many megabytes: they are
   made smaller before they are sent. Without script, or where the browser can't, all works as is. */


const LONGEST = 2000;
const SMALL = 600 * 1024;

const shrink = async (file) => {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size <= SMALL) return file;
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!blob || blob.size >= file.size) return file;
    const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    return file;
  }
};

const list = (input) => {
  const names = input.parentElement.querySelector(".file-names");
  names.replaceChildren(...[...input.files].map((file) => {
    const item = document.createElement("li");
    item.textContent = file.name;
    return item;
  }));
  names.hidden = !input.files.length;
};

const chosen = async (input) => {
  const before = [...input.files];
  const after = await Promise.all(before.map(shrink));
  if (after.some((file, index) => file !== before[index])) {
    const transfer = new DataTransfer();
    for (const file of after) transfer.items.add(file);
    input.files = transfer.files;
  }
  list(input);
};

export function start(root) {
  for (const input of root.querySelectorAll("input[type=file][data-shrink]:not(.is-covered)")) {
    const button = input.parentElement.querySelector(".file-button");
    if (!button) continue;
    button.hidden = false;
    input.classList.add("is-covered");
    input.addEventListener("change", () => chosen(input));
  }
}
