/* The designer of a workflow: picture, side panel, text, all of one draft. */
import { render } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";

import { Bar, Everywhere, Findings, Notice } from "./bars.jsx";
import { Canvas } from "./canvas.js";
import { everywhere, picture } from "./keyboard.js";
import { MiniMap } from "./minimap.jsx";
import { Panel } from "./panel.jsx";
import { Server } from "./server.js";
import { Store } from "./state.js";
import { TextView } from "./text.jsx";
import { named, speak, t } from "./words.js";

const ROOM = "(min-width: 992px)";

function App({ store, server }) {
  const [, again] = useReducer((count) => count + 1, 0);
  const [canvas, drawn] = useState(null);
  const element = useRef(null);
  useEffect(() => store.listen(() => {
    server.soon();
    if (store.dirty) server.keep();
    again();
  }), []);
  useEffect(() => {
    const made = new Canvas(element.current, store);
    made.draw();
    made.fit();
    drawn(made);
    const seen = new ResizeObserver(() => made.flow.resize());
    seen.observe(element.current);
    document.getElementById("designer").dataset.drawn = "1";
    requestAnimationFrame(() => setTimeout(() => performance.mark("designer-drawn")));
    server.offer();
    server.check();
  }, []);
  useEffect(() => canvas?.draw());
  const actions = tasks(store, server, canvas);
  const { selected, view } = store;
  const about = selected && store.item ? `${t(`one ${selected.part}`)}：${named(store.item)}` : "";
  return (
    <div class="dr" onKeyDown={(event) => everywhere(event, store, actions)}>
      <Bar store={store} actions={actions} />
      <Notice store={store} server={server} />
      <div class="dr-main" hidden={view !== "picture"}>
        <div class="dr-left">
          <div class="dr-canvas" role="application" tabindex="0" aria-label={t("picture_of")} aria-describedby="dr-keys"
            onKeyDown={(event) => event.target === event.currentTarget && picture(event, store, canvas, actions)}>
            <div class="dr-flow" ref={element} aria-hidden="true" />
            <MiniMap canvas={canvas} spots={canvas?.spots ?? {}} chosen={store.item?.key} />
          </div>
          <Everywhere store={store} />
          <p class="dr-keys form-text" id="dr-keys">{t("keys")}</p>
          <p class="visually-hidden" role="status">{about}</p>
          <Findings store={store} canvas={() => canvas} />
        </div>
        <aside class="dr-panel" aria-label={t("details")}><Panel store={store} canvas={() => canvas} /></aside>
      </div>
      {view === "text" && <TextView store={store} />}
    </div>
  );
}

const tasks = (store, server, canvas) => ({
  save: () => server.save(),
  state: () => {
    const key = store.newState(canvas.vacant(), t("new_state"));
    canvas.draw();
    canvas.reveal(key);
  },
  arrange: () => {
    const free = canvas.arranged(store.doc);
    store.edit((doc) => doc, "", { positions: free });
    canvas.draw();
    canvas.fit();
  },
  zoom: (factor) => canvas.zoom(factor),
  fit: () => canvas.fit(true),
  show: async (view) => {
    if (view === store.view) return;
    if (view === "text") {
      const problems = await server.write();
      if (problems) store.tell({ notice: { kind: "refused", problems } });
    } else if (await server.read()) store.tell({ view: "picture" });
  },
});

export function begin() {
  const root = document.getElementById("designer");
  const room = matchMedia(ROOM);
  const start = () => {
    if (!room.matches || root.dataset.drawn) return;
    const data = JSON.parse(document.getElementById("designer-data").textContent);
    speak(data.words, data.language);
    const store = new Store(data);
    const server = new Server(store);
    window.addEventListener("beforeunload", (event) => (store.dirty || store.typing) && event.preventDefault());
    render(<App store={store} server={server} />, root);
  };
  room.addEventListener("change", start);
  start();
}
