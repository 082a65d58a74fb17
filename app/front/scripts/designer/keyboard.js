/* Everything by keys. Single letters work only while the picture has the focus. */
import { list } from "./document.js";
import { t } from "./words.js";

const STEP = 10;
const FAR = 50;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const writing = (element) => element.matches("input, textarea, select, [contenteditable]");

/* For the whole designer: undo and save. Inside a text the browser's own undo comes first. */
export function everywhere(event, store, actions) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "s") {
    event.preventDefault();
    actions.save();
    return;
  }
  if (store.view === "text" || (writing(event.target) && event.target.type !== "checkbox" && event.target.tagName !== "SELECT")) return;
  if (key === "z" && !event.shiftKey) store.undo();
  else if (key === "y" || (key === "z" && event.shiftKey)) store.redo();
  else return;
  event.preventDefault();
}

/* While the picture itself has the focus. */
export function picture(event, store, canvas, actions) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const state = store.selected?.part === "states" ? store.item : null;
  const { key } = event;
  if (key in ARROWS) {
    const by = event.shiftKey ? FAR : STEP;
    const [x, y] = ARROWS[key];
    if (state) {
      const [left, top] = store.positions[state.key] ?? canvas.spots[state.key];
      store.move(state.key, [left + x * by, top + y * by]);
    } else canvas.flow.translate(-x * FAR, -y * FAR);
  } else if (key === "]" || key === "[") next(store, canvas, key === "]" ? 1 : -1);
  else if (key === "Enter" && store.selected) store.select(store.selected.part, store.selected.index, { focus: true });
  else if (key === "Delete" || key === "Backspace") store.drop();
  else if (key === "Escape") store.select(null);
  else if (key === "n" || key === "N") actions.state();
  else if ((key === "c" || key === "C") && state) store.connect(state.key, null, t("new_step"));
  else if (key === "+" || key === "=") actions.zoom(1.25);
  else if (key === "-") actions.zoom(0.8);
  else if (key === "0") actions.fit();
  else return;
  event.preventDefault();
}

/* States, each followed by the steps that leave it. */
function next(store, canvas, by) {
  const { doc } = store;
  const all = list(doc, "states").flatMap((state, index) => [
    ["states", index, state.key],
    ...list(doc, "transitions").map((one, at) => [one, at])
      .filter(([one]) => one.from !== "*" && [one.from ?? []].flat()[0] === state.key)
      .map(([, at]) => ["transitions", at, state.key]),
  ]);
  if (!all.length) return;
  const { part, index } = store.selected ?? {};
  const now = all.findIndex(([each, at]) => each === part && at === index);
  const [to, at, key] = all[(now + by + all.length + (now < 0 && by < 0 ? 1 : 0)) % all.length];
  store.select(to, at);
  canvas.show(key);
}
