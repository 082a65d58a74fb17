/* The picture: LogicFlow draws and drags; the store says what there is. */
import LogicFlow from "@logicflow/core";

import { HEIGHT, WIDTH, arrange, vacant } from "./arrange.js";
import { list, sources } from "./document.js";
import { on, route, size, wide } from "./route.js";
import { SHAPES, Shown } from "./shapes.jsx";
import { named, t } from "./words.js";

const MANY = 120;
const SMALL = 0.6;
const MOST = 3;
const LONGEST = 160;

export class Canvas {
  constructor(element, store) {
    this.store = store;
    this.nodes = new Map();
    this.edges = new Map();
    this.free = {};
    this.seen = () => {};
    const many = list(store.doc, "states").length > MANY;
    this.flow = new LogicFlow({
      container: element, grid: { size: 10, visible: false }, background: false, history: false,
      keyboard: { enabled: false }, nodeTextEdit: false, edgeTextEdit: false, adjustEdge: false,
      hideAnchors: false, hoverOutline: false, edgeSelectedOutline: false, nodeSelectedOutline: false,
      partial: many, animation: false, edgeType: "way", snapline: false, allowRotate: false,
      allowResize: false, multipleSelectKey: "none",
    });
    this.flow.batchRegister(SHAPES);
    this.flow.setTheme({ outline: { stroke: "none" }, anchor: { r: 5 } });
    store.placed = () => this.spots;
    // It tells nobody what it has drawn: to gather that takes as long as to draw it.
    this.flow.graphModel.modelToGraphData = () => ({ nodes: [], edges: [] });
    this.hear();
    element.addEventListener("pointerdown", (event) => this.hold(event), true);
    addEventListener("pointerup", () => this.pulling && setTimeout(() => this.release()));
  }

  /* The dots go when the mouse leaves their state, and with them the arrow that a hand is pulling
     out of one: the state stays selected until it is let go. */
  hold({ target }) {
    if (!target.closest(".lf-anchor")) return;
    this.pulling = true;
    for (const model of this.flow.graphModel.nodes) if (model.isHovered) model.setSelected(true);
  }

  release() {
    this.pulling = false;
    this.choose();
  }

  hear() {
    const { flow, store } = this;
    flow.on("node:click", ({ data }) => this.pick("states", data.id));
    flow.on("edge:click", ({ data }) => store.select("transitions", this.ways.get(data.id).lines[0].index));
    flow.on("way:pick", ({ index }) => store.select("transitions", index));
    flow.on("blank:click", () => store.select(null));
    flow.on("node:drag", ({ data }) => this.drag(data));
    flow.on("node:drop", ({ data }) => store.move(data.id, [data.x, data.y], "drop"));
    flow.on("edge:add", ({ data }) => {
      if (this.edges.has(data.id)) return;
      flow.deleteEdge(data.id);
      setTimeout(() => store.connect(data.sourceNodeId, data.targetNodeId, t("new_step")));
    });
    flow.on("graph:transform", () => this.seen());
  }

  pick(part, key) {
    const index = list(this.store.doc, part).findIndex((item) => item.key === key);
    if (index >= 0) this.store.select(part, index);
  }

  /* Only what hangs on the state that is dragged runs anew; the rest once it is let go. */
  drag({ id, x, y }) {
    const spots = { ...this.spots, [id]: [x, y] };
    const ways = [...this.ways.values()].filter((way) => way.source === id || way.target === id);
    this.lay(ways, route(ways, spots));
  }

  /* --- from the draft to what is drawn --- */

  draw() {
    const { store } = this;
    if (store.doc !== this.drawn?.doc || store.findings !== this.drawn.findings
      || store.positions !== this.drawn.positions || store.selected !== this.drawn.selected) {
      const { doc, findings, positions, selected } = store;
      const moved = doc !== this.drawn?.doc || positions !== this.drawn.positions;
      this.drawn = { doc, findings, positions, selected };
      this.marks = marks(findings);
      this.ways = this.found(doc);
      this.spots = this.placed(doc, positions);
      this.apply(moved);
    }
  }

  found(doc) {
    const known = new Set(list(doc, "states").map((state) => state.key));
    const chosen = this.store.selected?.part === "transitions" ? this.store.selected.index : -1;
    const found = new Map();
    list(doc, "transitions").forEach((one, index) => {
      if (one.from === "*") return;
      for (const source of sources(doc, one)) {
        const target = one.to ?? source;
        if (!known.has(source) || !known.has(target)) continue;
        const id = `${source}>${target}`;
        if (!found.has(id)) found.set(id, { id, source, target, lines: [] });
        found.get(id).lines.push({
          index, text: short(named(one)), mark: this.marks.get(`transitions ${index}`) ?? "",
          chosen: index === chosen, primary: Boolean(one.primary), system: !one.roles?.length && !one.relations?.length,
        });
      }
    });
    for (const way of found.values()) way.lines = few(way.lines);
    return found;
  }

  /* Where each state stands: as it was put, or else where it would be put. That stays the same, so
     that a step back leads there. */
  placed(doc, positions) {
    const keys = list(doc, "states").map((state) => state.key);
    if (keys.some((key) => !positions[key] && !this.free[key])) {
      this.free = { ...this.arranged(doc), ...this.free };
    }
    return Object.fromEntries(keys.map((key) => [key, positions[key] ?? this.free[key]]));
  }

  arranged(doc) {
    const keys = list(doc, "states").map((state) => state.key);
    const ways = [...this.ways.values()];
    const loops = new Map(ways.filter((way) => way.source === way.target)
      .map((way) => [way.source, size(way.lines)[0] + 40]));
    return arrange([...new Set(keys)], ways.map((way) => [way.source, way.target]), doc.start,
      (key) => loops.get(key) ?? 0);
  }

  apply(moved) {
    const routes = moved ? route([...this.ways.values()], this.spots) : null;
    const { doc, selected } = this.store;
    const states = new Map();
    list(doc, "states").forEach((state, index) => {
      if (states.has(state.key)) return;
      states.set(state.key, {
        label: named(state), kind: state.kind ?? "open", start: doc.start === state.key,
        mark: this.marks.get(`states ${index}`) ?? "", chosen: selected?.part === "states" && selected.index === index,
      });
    });
    if (!this.nodes.size && states.size) this.first(states, routes);
    else this.change(states, routes);
    this.nodes = states;
    this.edges = this.ways;
    this.choose();
  }

  first(states, routes) {
    const nodes = [...states].map(([key, properties]) => this.node(key, properties));
    const edges = [...this.ways.values()].map((way) => this.edge(way, routes.get(way.id)));
    this.edges = this.ways;
    this.flow.render({ nodes, edges });
  }

  node(key, properties) {
    const [x, y] = this.spots[key];
    return { id: key, type: "state", x, y, properties: { shown: new Shown(properties) } };
  }

  edge(way, { points, label }) {
    const { id, source, target, lines } = way;
    const look = { lines, system: lines.every((line) => line.system), chosen: lines.some((line) => line.chosen) };
    return {
      id, type: "way", sourceNodeId: source, targetNodeId: target, startPoint: points[0], endPoint: points[3],
      pointsList: points, properties: { shown: new Shown({ ...look, points, label }) },
    };
  }

  change(states, routes) {
    const { flow } = this;
    for (const id of this.edges.keys()) if (!this.ways.has(id)) flow.deleteEdge(id);
    for (const key of this.nodes.keys()) if (!states.has(key)) flow.deleteNode(key);
    for (const [key, properties] of states) {
      if (!this.nodes.has(key)) {
        flow.addNode(this.node(key, properties));
        continue;
      }
      const model = flow.getNodeModelById(key);
      const [x, y] = this.spots[key];
      if (model.x !== x || model.y !== y) model.moveTo(x, y, true);
      if (!same(this.nodes.get(key), properties)) model.setProperties({ shown: new Shown(properties) });
    }
    const before = this.edges;
    this.edges = this.ways;
    for (const [id, way] of this.ways) {
      const model = flow.getEdgeModelById(id);
      if (!model) flow.addEdge(this.edge(way, routes?.get(id) ?? route([way], this.spots).get(id)));
      else if (!same(before.get(id)?.lines, way.lines)) {
        model.setProperties(this.edge(way, model.properties.shown).properties);
      }
    }
    if (routes) this.lay(this.ways.values(), routes);
  }

  lay(ways, routes) {
    for (const { id } of ways) {
      const model = this.flow.getEdgeModelById(id);
      const one = routes.get(id);
      const shown = model?.properties.shown;
      if (!model || same([shown.points, shown.label], [one.points, one.label])) continue;
      model.setProperties({ shown: new Shown({ ...shown, ...one }) });
      model.follow(one.points);
    }
  }

  choose() {
    if (this.pulling) return;
    const { selected, item } = this.store;
    const id = selected?.part === "states" && item ? item.key : null;
    const { graphModel } = this.flow;
    for (const model of graphModel.nodes) if (model.isSelected !== (model.id === id)) model.setSelected(model.id === id);
    for (const model of graphModel.edges) if (model.isSelected) model.setSelected(false);
  }

  /* --- looking around --- */

  get scale() {
    return this.flow.getTransform().SCALE_X;
  }

  zoom(factor) {
    this.flow.zoom(Math.min(2, Math.max(0.1, this.scale * factor)));
    this.seen();
  }

  bounds() {
    const all = Object.values(this.spots);
    if (!all.length) return [0, 0, 1, 1];
    const [xs, ys] = [0, 1].map((side) => all.map((spot) => spot[side]));
    const found = [Math.min(...xs) - WIDTH / 2, Math.min(...ys) - HEIGHT, Math.max(...xs) + WIDTH / 2, Math.max(...ys) + HEIGHT];
    for (const { properties, pointsList } of this.flow.graphModel.edges) {
      const { label, lines } = properties.shown ?? {};
      if (!label) continue;
      const half = size(lines)[0] / 2;
      const reach = [label[0] - half, label[0] + half, ...[0.25, 0.5, 0.75].map((t_) => on(pointsList, t_)[0])];
      found[0] = Math.min(found[0], ...reach);
      found[2] = Math.max(found[2], ...reach);
    }
    return [found[0] - 16, found[1], found[2] + 16, found[3]];
  }

  /* All of it; what is too large to be read then begins at its start. */
  fit(whole = false) {
    const [left, top, right, bottom] = this.bounds();
    const { width, height } = this.flow.graphModel;
    const scale = Math.min(1, (width - 24) / (right - left), (height - 24) / (bottom - top));
    if (scale < SMALL && !whole) {
      this.show(this.store.doc.start, 0.75);
      return;
    }
    this.look((left + right) / 2, (top + bottom) / 2, Math.max(scale, 0.05));
  }

  look(x, y, scale = this.scale) {
    const { transformModel, width, height } = this.flow.graphModel;
    transformModel.ZOOM_SIZE = 0.05;
    Object.assign(transformModel, {
      SCALE_X: scale, SCALE_Y: scale, TRANSLATE_X: width / 2 - x * scale, TRANSLATE_Y: height / 2 - y * scale,
    });
    this.seen();
  }

  show(key, scale) {
    const spot = this.spots[key] ?? Object.values(this.spots)[0];
    if (spot) this.look(spot[0], spot[1] + (scale ? 200 : 0), scale);
  }

  /* Where something new is put. */
  vacant() {
    const { transformModel, width, height } = this.flow.graphModel;
    const [left, top] = transformModel.HtmlPointToCanvasPoint([0, 0]);
    const [right, bottom] = transformModel.HtmlPointToCanvasPoint([width, height]);
    return vacant(Object.values(this.spots), { left, top, right, bottom });
  }

  /* As `show`, where it isn't in sight already. */
  reveal(key) {
    const { transformModel, width, height } = this.flow.graphModel;
    const [x, y] = transformModel.CanvasPointToHtmlPoint(this.spots[key]);
    if (x < 0 || y < 0 || x > width || y > height) this.show(key);
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/* Words that would make the picture wide are cut; the side panel has them whole. */
function short(text) {
  let found = text;
  while (wide(found) > LONGEST) found = found.slice(0, -1);
  return found === text ? text : `${found}…`;
}

/* An arrow that stands for many steps names the first of them; the list has them all. */
function few(lines) {
  if (lines.length <= MOST) return lines;
  const first = [...lines.filter((line) => line.chosen), ...lines.filter((line) => !line.chosen)].slice(0, MOST - 1);
  const rest = lines.filter((line) => !first.includes(line));
  const mark = ["error", "warning"].find((level) => rest.some((line) => line.mark === level)) ?? "";
  return [...first, { ...rest[0], text: t("more_steps", { count: rest.length }), mark, chosen: false, primary: false }];
}

/* The worst that the checker says, by part and index. */
export function marks(findings) {
  const found = new Map();
  for (const { level, part, index } of findings) {
    const name = `${part} ${index}`;
    if (part && found.get(name) !== "error") found.set(name, level);
  }
  return found;
}
