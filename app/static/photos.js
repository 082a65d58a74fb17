"use strict";
/* Photos of a phone are many megabytes: they are made smaller before they are sent. Without script
   or where the browser can't, the file goes as it is. */

(() => {
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

  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("input[type=file][data-shrink]")) return;
    const chosen = [...input.files];
    const small = await Promise.all(chosen.map(shrink));
    if (small.every((file, index) => file === chosen[index])) return;
    const transfer = new DataTransfer();
    for (const file of small) transfer.items.add(file);
    input.files = transfer.files;
  });
})();
