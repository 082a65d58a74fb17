/* Where states stand when nobody has moved them: in rows from top to bottom along the usual way,
   each row ordered so that few arrows cross. Fast enough for hundreds of states at once. */

export const WIDTH = 176;
export const HEIGHT = 56;
const GAP = 56;
const ROW = 150;
const SWEEPS = 8;
const WIDEST = 12;

/* `ways` are pairs of keys; the order of `keys` is that of the file. `room` is what a state needs
   beside it for what stays in it. Answers the middle of each by its key. */
export function arrange(keys, ways, start, room = () => 0) {
  const forward = ahead(keys, ways, start);
  const rows = layers(keys, forward, start);
  const neighbours = linked(keys, forward);
  order(rows, neighbours);
  return spots(rows, neighbours, room);
}

/* The ways without those that turn back: found by walking from the start. */
function ahead(keys, ways, start) {
  const leaving = new Map(keys.map((key) => [key, []]));
  for (const [from, to] of ways) {
    if (from !== to && leaving.has(from) && leaving.has(to)) leaving.get(from).push(to);
  }
  const state = new Map();
  const found = [];
  const walk = (root) => {
    const stack = [[root, 0]];
    state.set(root, "open");
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = leaving.get(top[0])[top[1]];
      if (next === undefined) {
        state.set(top[0], "done");
        stack.pop();
        continue;
      }
      top[1] += 1;
      if (state.get(next) === "open") continue;
      found.push([top[0], next]);
      if (!state.has(next)) {
        state.set(next, "open");
        stack.push([next, 0]);
      }
    }
  };
  for (const key of leaving.has(start) ? [start, ...keys] : keys) if (!state.has(key)) walk(key);
  return found;
}

function layers(keys, forward) {
  const depth = new Map(keys.map((key) => [key, 0]));
  const before = new Map(keys.map((key) => [key, 0]));
  const leaving = new Map(keys.map((key) => [key, []]));
  for (const [from, to] of forward) {
    before.set(to, before.get(to) + 1);
    leaving.get(from).push(to);
  }
  const ready = keys.filter((key) => !before.get(key));
  while (ready.length) {
    const key = ready.shift();
    for (const next of leaving.get(key)) {
      depth.set(next, Math.max(depth.get(next), depth.get(key) + 1));
      before.set(next, before.get(next) - 1);
      if (!before.get(next)) ready.push(next);
    }
  }
  const rows = [];
  for (const key of keys) (rows[depth.get(key)] ??= []).push(key);
  // A row that nobody could see whole goes on below itself.
  return rows.filter(Boolean).flatMap((row) => {
    const parts = Math.ceil(row.length / WIDEST);
    const size = Math.ceil(row.length / parts);
    return Array.from({ length: parts }, (_, at) => row.slice(at * size, (at + 1) * size));
  });
}

function linked(keys, forward) {
  const found = new Map(keys.map((key) => [key, { up: [], down: [] }]));
  for (const [from, to] of forward) {
    found.get(from).down.push(to);
    found.get(to).up.push(from);
  }
  return found;
}

function order(rows, neighbours) {
  const at = new Map();
  const note = (row) => row.forEach((key, index) => at.set(key, index - (row.length - 1) / 2));
  rows.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      const middle = new Map(row.map((key) => {
        const near = neighbours.get(key)[down ? "up" : "down"];
        const sum = near.reduce((total, each) => total + at.get(each), 0);
        return [key, near.length ? sum / near.length : at.get(key)];
      }));
      row.sort((one, other) => middle.get(one) - middle.get(other));
      note(row);
    }
  }
}

/* Beside each other without touching, as near below what they come from as there is room. */
function spots(rows, neighbours, room) {
  const x = new Map();
  for (const row of rows) {
    const wanted = row.map((key) => {
      const near = neighbours.get(key).up.filter((each) => x.has(each));
      return near.length ? near.reduce((sum, each) => sum + x.get(each), 0) / near.length : 0;
    });
    const wide = row.map((key) => WIDTH + GAP + room(key));
    const placed = [];
    row.forEach((key, index) => {
      const least = index ? placed[index - 1] + wide[index - 1] : -Infinity;
      placed.push(Math.max(wanted[index], least));
    });
    const off = placed.reduce((sum, each, index) => sum + each - wanted[index], 0) / row.length;
    row.forEach((key, index) => x.set(key, placed[index] - off));
  }
  const found = {};
  rows.forEach((row, level) => row.forEach((key) => {
    found[key] = [Math.round(x.get(key) / 10) * 10, level * ROW];
  }));
  return found;
}

/* Ways from the middle, the shortest first; beside it is sooner than below, and above is last. */
const BESIDE = 230;
const far = ([across, down]) => Math.hypot(across * 0.6, down < 0 ? down * 3 : down);
const AROUND = [0, 1, -1, 2, -2, 3, -3, 4, -4].map((part) => Math.round((part * BESIDE) / 20) * 10)
  .flatMap((across) => [...Array(21).keys()].map((part) => [across, (part - 10) * 80]))
  .sort((one, other) => far(one) - far(other));

/* Where one more state finds room among those that stand on `taken`: near the middle of what is
   seen and within it, if there is room for the words of a step around it. */
export function vacant(taken, { left, top, right, bottom }) {
  const middle = [(left + right) / 2, (top + bottom) / 2].map((each) => Math.round(each / 10) * 10);
  const apart = ([a, b]) => taken.every(([c, d]) => Math.abs(a - c) >= BESIDE || Math.abs(b - d) >= HEIGHT + 60);
  const within = ([a, b]) => a - WIDTH / 2 > left && a + WIDTH / 2 < right && b - HEIGHT / 2 > top && b + HEIGHT / 2 < bottom;
  const spots = AROUND.map(([across, down]) => [middle[0] + across, middle[1] + down]).filter(apart);
  return spots.find(within) ?? spots[0] ?? [middle[0], Math.max(...taken.map(([, y]) => y)) + ROW];
}
