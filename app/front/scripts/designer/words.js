/* What the designer says, in the language of the page: app/views/designing/words.py. */

let words = {};
let language = "zh";

export function speak(given, lang) {
  words = given;
  language = lang;
}

export const t = (key, values = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/* A label of the draft. Somebody may be about to write it: then it has no text yet. */
export const text = (label, fallback = "") => {
  if (typeof label === "string") return label || fallback;
  const { zh = "", en = "" } = label ?? {};
  return (language === "en" ? en || zh : zh || en) || fallback;
};

export const named = (item) => text(item?.label ?? item?.subject, item?.key ?? "");

export const listed = (items) => items.join(language === "zh" ? "、" : ", ");
