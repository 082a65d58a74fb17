/* How the arrows run: a curve from state to state that passes through no other, with its words at a
   place where they cover neither states nor other words. */
import { HEIGHT, WIDTH } from "./arrange.js";

export const LINE = 20;
const STEPS = 14;
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78];

/* The width of words in a picture, near enough: Chinese characters are as wide as they are high. */
export const wide = (text) =>
  [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e80 ? 13 : 7.4), 0);

/* `ways`: {id, source, target, lines}. `spots`: middles by key. Answers by id the four points of the
   curve and the middle of its words. */
export function route(ways, spots) {
  const boxes = Object.entries(spots).map(([key, [x, y]]) => ({ key, x, y, wide: WIDTH / 2, high: HEIGHT / 2 }));
  for (const way of ways) if (way.source === way.target && spots[way.source]) boxes.push(beside(way, spots[way.source]));
  const ports = docked(ways, spots);
  const found = new Map();
  for (const way of ways) found.set(way.id, { points: curve(way, spots, ports, boxes) });
  const taken = boxes.filter((box) => !box.words)
    .map(({ x, y }) => [x - WIDTH / 2, y - HEIGHT / 2, x + WIDTH / 2, y + HEIGHT / 2]);
  for (const way of ways) {
    const one = found.get(way.id);
    one.label = lettered(one.points, size(way.lines), taken, way.source === way.target);
  }
  return found;
}

export const size = (lines) => [Math.max(...lines.map((line) => wide(line.text))) + 14, lines.length * LINE];

/* What stays in a state stands beside it: other arrows don't run through its words either. */
function beside(way, [x, y]) {
  const [width, height] = size(way.lines);
  return { key: way.source, words: true, x: x + WIDTH / 2 + 28 + width / 2, y, wide: width / 2 + 24, high: Math.max(height / 2, 26) };
}

/* Arrows of one state leave and enter side by side, in the order of where they come from. */
function docked(ways, spots) {
  const sides = new Map();
  const note = (key, side, id, toward) => {
    const name = `${key} ${side}`;
    if (!sides.has(name)) sides.set(name, []);
    sides.get(name).push([toward, id]);
  };
  for (const { id, source, target } of ways) {
    if (source === target || spots[target][1] <= spots[source][1]) continue;
    note(source, "out", id, spots[target][0]);
    note(target, "in", id, spots[source][0]);
  }
  const found = new Map();
  for (const [name, several] of sides) {
    several.sort((one, other) => one[0] - other[0]);
    const gap = Math.min(28, (WIDTH - 36) / several.length);
    several.forEach(([, id], index) =>
      found.set(`${name.split(" ").pop()} ${id}`, (index - (several.length - 1) / 2) * gap));
  }
  return found;
}

const point = (x, y) => ({ x, y });

function curve(way, spots, ports, boxes) {
  const [x1, y1] = spots[way.source];
  const [x2, y2] = spots[way.target];
  if (way.source === way.target) {
    const edge = x1 + WIDTH / 2;
    return [point(edge, y1 - 12), point(edge + 44, y1 - 30), point(edge + 44, y1 + 30), point(edge, y1 + 12)];
  }
  const near = boxes.filter((box) => box.key !== way.source && box.key !== way.target);
  const ways = [];
  if (y2 > y1) ways.push(straight(x1 + ports.get(`out ${way.id}`), y1, x2 + ports.get(`in ${way.id}`), y2));
  if (y2 === y1) ways.push(across(x1, y1, x2));
  const busy = boxes.some((box) => box.words && (box.key === way.source || box.key === way.target));
  for (const bend of [70, 150, 260, 420]) {
    const sides = [around(x1, y1, x2, y2, bend, 1), around(x1, y1, x2, y2, bend, -1)];
    ways.push(...(busy ? sides.reverse() : sides));
  }
  let best = ways[0];
  let least = Infinity;
  for (const [index, points] of ways.entries()) {
    const cost = hits(points, near) * 10 + index;
    if (cost < least) [best, least] = [points, cost];
    if (least < 10) break;
  }
  return best;
}

function straight(x1, y1, x2, y2) {
  const top = y1 + HEIGHT / 2;
  const low = y2 - HEIGHT / 2;
  const pull = Math.max(24, (low - top) * 0.45);
  return [point(x1, top), point(x1, top + pull), point(x2, low - pull), point(x2, low)];
}

function across(x1, y, x2) {
  const side = Math.sign(x2 - x1);
  const from = x1 + (side * WIDTH) / 2;
  const to = x2 - (side * WIDTH) / 2;
  return [point(from, y - 8), point(from + side * 20, y - 8), point(to - side * 20, y - 8), point(to, y - 8)];
}

function around(x1, y1, x2, y2, bend, side) {
  const from = x1 + (side * WIDTH) / 2;
  const to = x2 + (side * WIDTH) / 2;
  const far = side > 0 ? Math.max(from, to) + bend : Math.min(from, to) - bend;
  const up = y2 < y1 ? -1 : 1;
  return [point(from, y1 + up * 8), point(far, y1 + up * 8), point(far, y2 - up * 8), point(to, y2 - up * 8)];
}

export function on([a, b, c, d], t) {
  const u = 1 - t;
  const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [p * a.x + q * b.x + r * c.x + s * d.x, p * a.y + q * b.y + r * c.y + s * d.y];
}

function hits(points, boxes) {
  const ys = points.map((each) => each.y);
  const [low, high] = [Math.min(...ys) - HEIGHT, Math.max(...ys) + HEIGHT];
  const near = boxes.filter((box) => box.y > low && box.y < high);
  let found = 0;
  if (!near.length) return found;
  for (let step = 1; step < STEPS; step += 1) {
    const [x, y] = on(points, step / STEPS);
    if (near.some((box) => Math.abs(box.x - x) < box.wide + 6 && Math.abs(box.y - y) < box.high + 6)) found += 1;
  }
  return found;
}

function lettered(points, [width, height], taken, loop) {
  let best = null;
  let least = Infinity;
  for (const place of loop ? [0.5] : PLACES) {
    const [x, y] = on(points, place);
    const middle = loop ? [points[0].x + 40 + width / 2, y] : [x, y];
    const box = [middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2];
    const cost = covered(box, taken);
    if (cost < least) [best, least] = [{ middle, box }, cost];
    if (!cost) break;
  }
  taken.push(best.box);
  return best.middle;
}

function covered(box, taken) {
  let found = 0;
  for (const other of taken) {
    const across = Math.min(box[2], other[2]) - Math.max(box[0], other[0]);
    const down = Math.min(box[3], other[3]) - Math.max(box[1], other[1]);
    if (across > 0 && down > 0) found += across * down;
  }
  return found;
}
