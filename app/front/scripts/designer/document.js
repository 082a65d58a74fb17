/* The draft as plain data, changed without touching what was there: what one step back returns to. */

export const PARTS = ["states", "transitions", "fields", "deadlines", "notices", "children"];

export const list = (doc, part) => doc[part] ?? [];

export const sources = (doc, transition) => {
  if (transition.from !== "*") return [transition.from ?? []].flat();
  return list(doc, "states").filter((state) => !ended(state)).map((state) => state.key);
};

export const ended = (state) => state.kind === "done" || state.kind === "cancelled";

const empty = (value) => value === undefined || value === null || value === "" || value === false
  || (typeof value === "object" && Object.keys(value).length === 0);

/* `thing` with `value` at the path; what is empty is left out, as in a file. */
export function put(thing, path, value) {
  const [name, ...rest] = path;
  const inner = rest.length ? put(thing?.[name] ?? (typeof rest[0] === "number" ? [] : {}), rest, value) : value;
  if (Array.isArray(thing)) {
    const copy = thing.slice();
    copy[name] = inner;
    return copy;
  }
  const copy = { ...thing };
  if (empty(inner)) delete copy[name];
  else copy[name] = inner;
  return copy;
}

/* The same, where an empty value says something: inside conditions and labels. */
export function place(thing, name, value) {
  return { ...thing, [name]: value };
}

export const add = (doc, part, item) => ({ ...doc, [part]: [...list(doc, part), item] });

export function move(items, index, by) {
  const to = index + by;
  if (to < 0 || to >= items.length) return items;
  const copy = items.slice();
  [copy[index], copy[to]] = [copy[to], copy[index]];
  return copy;
}

export const without = (items, index) => items.filter((_, at) => at !== index);

/* A key that nothing of the part has yet. */
export function fresh(doc, part, stem) {
  const taken = new Set(list(doc, part).map((item) => item.key));
  let count = taken.size + 1;
  while (taken.has(`${stem}_${count}`)) count += 1;
  return `${stem}_${count}`;
}

/* --- who names whom ----------------------------------------------------------------------------- */

/* Every mention of a key passes through `change`, which gives the new one, or undefined: gone. */
function words(items, change) {
  const changed = (items ?? []).map(change).filter((item) => item !== undefined);
  return changed;
}

function condition(one, change) {
  if (!one || typeof one !== "object") return one;
  for (const word of ["all", "any"]) {
    if (one[word]) {
      const parts = one[word].map((part) => condition(part, change)).filter(Boolean);
      return parts.length ? { ...one, [word]: parts } : undefined;
    }
  }
  if (one.not) {
    const inner = condition(one.not, change);
    return inner ? { ...one, not: inner } : undefined;
  }
  const fact = change(one.fact);
  return fact === undefined ? undefined : { ...one, fact };
}

const dotted = (prefix, change) => (name) => {
  if (typeof name !== "string" || !name.startsWith(`${prefix}.`)) return name;
  const [, key, ...rest] = name.split(".");
  if (prefix === "children" && !rest.length) return name;
  const to = change(key);
  return to === undefined ? undefined : [prefix, to, ...rest].join(".");
};

const set = (thing, values) => Object.entries(values).reduce(
  (found, [name, value]) => (name in found ? put(found, [name], value) : found), thing);

function everywhere(doc, change) {
  let found = doc;
  for (const part of ["transitions", "deadlines", "notices", "children"]) {
    if (found[part]) found = { ...found, [part]: found[part].map((item) => change(item, part)) };
  }
  return found;
}

function conditions(doc, change) {
  return everywhere(doc, (item) => {
    let found = item.when ? put(item, ["when"], condition(item.when, change)) : item;
    if (found.variants) {
      const variants = found.variants
        .map((one) => ({ ...one, when: condition(one.when, change) })).filter((one) => one.when);
      found = put(found, ["variants"], variants);
    }
    return found;
  });
}

const CHANGES = {
  states(doc, change) {
    const found = put(doc, ["start"], change(doc.start));
    return everywhere(found, (item, part) => {
      if (part === "transitions") {
        const from = item.from === "*" ? "*" : words([item.from ?? []].flat(), change);
        return { ...set(item, { to: change(item.to) }), from };
      }
      return part !== "deadlines" ? item : set(item, {
        start: words(item.start, change), stop: words(item.stop, change), pause: words(item.pause, change),
      });
    });
  },
  transitions(doc, change) {
    return everywhere(doc, (item, part) => {
      if (part === "children") return set(item, { when_all_closed: change(item.when_all_closed) });
      if (part !== "deadlines") return item;
      const { extension } = item;
      const asked = extension && ["ask", "grant", "refuse"].reduce(
        (one, name) => ({ ...one, [name]: change(one[name]) ?? "" }), extension);
      return set(item, {
        starts_on: words(item.starts_on, change), stops_on: words(item.stops_on, change),
        extension: asked, levels: (item.levels ?? []).map((one) => set(one, { fire: change(one.fire) })),
      });
    });
  },
  fields(doc, change) {
    const field = dotted("field", change);
    const form = (items) => items?.map((one) => ({ ...one, field: change(one.field) }))
      .filter((one) => one.field !== undefined);
    const effect = (one) => {
      if (one.assign) return { ...one, assign: field(one.assign) };
      if (!one.set) return one;
      const pairs = Object.entries(one.set).map(([key, value]) => [change(key), value]);
      return { ...one, set: Object.fromEntries(pairs.filter(([key]) => key !== undefined)) };
    };
    const found = conditions(set(doc, { intake: form(doc.intake) }), field);
    return everywhere(found, (item, part) => {
      if (part === "transitions") {
        const effects = item.effects?.map(effect)
          .filter((one) => one.assign !== undefined || one.run || Object.keys(one.set ?? {}).length);
        return set(item, { form: form(item.form), effects });
      }
      if (part === "notices") return set(item, { to: words(item.to, field) });
      if (part === "children") return set(item, { per: field(item.per), carry: words(item.carry, change) });
      const extension = item.extension && set(item.extension, { field: change(item.extension.field) });
      return set(item, { until: change(item.until), extension });
    });
  },
  deadlines: (doc, change) => conditions(doc, dotted("deadline", change)),
  notices(doc, change) {
    return everywhere(set(doc, { notify: words(doc.notify, change) }), (item) => set(item, {
      notify: words(item.notify, change),
      levels: (item.levels ?? []).map((one) => set(one, { notify: words(one.notify, change) })),
    }));
  },
  children(doc, change) {
    const found = conditions(doc, dotted("children", change));
    return everywhere(found, (item) => set(item, { spawn: words(item.spawn, change) }));
  },
};

/* The tests of the workflow and what places may vary name parts too. Only a new key goes through them:
   a test of something that is gone is for people to look at. */
const MENTIONS = {
  states: (move, to) => expected(move, "state", to),
  transitions: (move, to) => (move.press ? { ...move, press: to(move.press) } : move),
  fields: (move, to) => (move.form
    ? { ...move, form: Object.fromEntries(Object.entries(move.form).map(([key, value]) => [to(key), value])) } : move),
  notices: (move, to) => expected(move, "told", to),
  deadlines: (move, to) => expected(move, "overdue", to),
  children: (move, to) => (move.end ? { ...move, end: to(move.end) } : move),
};

function expected(move, name, to) {
  const value = move.expect?.[name];
  if (value === undefined || value === null) return move;
  return { ...move, expect: { ...move.expect, [name]: Array.isArray(value) ? value.map(to) : to(value) } };
}

function mentioned(doc, part, to) {
  let found = doc;
  if (doc.tests) {
    const moves = (test) => test.moves?.map((move) => MENTIONS[part](move, to));
    found = { ...found, tests: doc.tests.map((test) => ({ ...test, moves: moves(test) })) };
  }
  const [list_, name] = { transitions: ["roles", "transition"], deadlines: ["times", "deadline"] }[part] ?? [];
  if (list_ && doc.vary?.[list_]) {
    const leave = doc.vary[list_].map((one) => ({ ...one, [name]: to(one[name]) }));
    found = { ...found, vary: { ...doc.vary, [list_]: leave } };
  }
  return found;
}

const several = (doc, part, key) => list(doc, part).filter((item) => item.key === key).length > 1;

/* The item with another key, which all that name it then use. */
export function rename(doc, part, index, key) {
  const old = list(doc, part)[index].key;
  const renamed = put(doc, [part, index], place(list(doc, part)[index], "key", key));
  if (!old || old === key || several(doc, part, old)) return renamed;
  const to = (name) => (name === old ? key : name);
  return mentioned(CHANGES[part](renamed, to), part, to);
}

/* The draft without the item and all that names it: steps from or to a state go with it. */
export function remove(doc, part, index) {
  const { key } = list(doc, part)[index];
  const twin = several(doc, part, key);
  let found = { ...doc, [part]: without(list(doc, part), index) };
  if (twin) return found;
  if (part === "states") {
    const stays = (one) => one.to !== key
      && (one.from === "*" || [one.from].flat().some((from) => from !== key));
    found = put(found, ["transitions"], list(found, "transitions").filter(stays));
  }
  return CHANGES[part](found, (name) => (name === key ? undefined : name));
}
