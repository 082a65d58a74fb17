/* What scripts say to people: widgets/words.html brings it in the language of the page. */

const source = () => document.getElementById("form-words");

export const setting = (name) => source()?.dataset[name] ?? "";

export const say = (key, values = {}) => {
  const text = source()?.content.querySelector(`[data-word="${key}"]`)?.textContent ?? "";
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
};

export const sign = (name) => {
  const found = source()?.content.querySelector(`[data-icon="${name}"] > svg`);
  return found ? found.cloneNode(true) : document.createTextNode("");
};

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};
