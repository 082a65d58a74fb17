/* The side of the picture: what there is, and whatever is chosen of it with all that it says. */
import { useEffect, useRef } from "preact/hooks";

import { fresh, list, put, rename } from "./document.js";
import { facts as found } from "./facts.js";
import { Button, Icon, KeyText } from "./inputs.jsx";
import { said, told } from "./pieces.jsx";
import { StateForm, StepForm } from "./steps.jsx";
import { ChildForm, DeadlineForm, FieldForm, NoticeForm, WorkflowForm } from "./things.jsx";
import { named, t } from "./words.js";

const FORMS = {
  workflow: WorkflowForm, states: StateForm, transitions: StepForm, fields: FieldForm, deadlines: DeadlineForm,
  notices: NoticeForm, children: ChildForm,
};
const MANY = 60;
const ICONS = {
  workflow: "settings", states: "circle-dot", transitions: "arrow-right", fields: "checkbox", deadlines: "clock",
  notices: "bell", children: "git-branch",
};

export function Panel({ store, canvas }) {
  const { selected, item } = store;
  if (selected && (selected.part === "workflow" || item)) return <Details store={store} />;
  return <Contents store={store} canvas={canvas} />;
}

/* --- everything, by name ------------------------------------------------------------------------ */

function Contents({ store, canvas }) {
  const { doc } = store;
  const marks = new Map();
  for (const each of store.findings) {
    const name = `${each.part} ${each.index}`;
    if (marks.get(name) !== "error") marks.set(name, each.level);
  }
  const link = (part, index, item, more = "") => (
    <button type="button" class="btn dr-link" onClick={() => {
      store.select(part, index, { focus: true });
      if (part === "states") canvas().show(item.key);
    }}>
      <Icon name={ICONS[part]} /><span>{named(item)}{more}</span><Badge level={marks.get(`${part} ${index}`)} />
    </button>
  );
  const goal = (one) => (one.to ? ` → ${named(list(doc, "states").find((state) => state.key === one.to) ?? { key: one.to })}` : "");
  const steps = list(doc, "transitions").map((one, index) => ({ one, index }));
  const leaving = (key) => steps.filter(({ one }) => one.from !== "*" && [one.from ?? []].flat()[0] === key);
  const large = list(doc, "states").length > MANY; // then a state's own page lists what leaves it
  const loose = steps.filter(({ one }) => one.from === "*" || !list(doc, "states").some((state) => state.key === [one.from ?? []].flat()[0]));
  return (
    <div class="dr-contents">
      <h2 tabindex="-1" class="dr-heading">{t("contents")}</h2>
      {link("workflow", null, doc)}
      <h3>{t("states_and_steps")}</h3>
      <ul>
        {list(doc, "states").map((state, index) => (
          <li>
            {link("states", index, state, doc.start === state.key ? ` · ${t("start")}` : "")}
            {!large && <ul>{leaving(state.key).map(({ one, index: at }) => <li>{link("transitions", at, one, goal(one))}</li>)}</ul>}
          </li>
        ))}
      </ul>
      {loose.length > 0 && (
        <>
          <h3>{t("in_every_state")}</h3>
          <ul>{loose.map(({ one, index }) => <li>{link("transitions", index, one, goal(one))}</li>)}</ul>
        </>
      )}
      {["fields", "deadlines", "notices", "children"].map((part) => (
        <>
          <h3>{t(part)}</h3>
          <ul>{list(doc, part).map((item, index) => <li>{link(part, index, item)}</li>)}</ul>
          <Button icon="plus" onClick={() => create(store, part)}>{t(`new ${part}`)}</Button>
        </>
      ))}
    </div>
  );
}

export function Badge({ level }) {
  if (!level) return null;
  return <span class={`dr-badge is-${level}`}><Icon name="alert-circle" /><span class="visually-hidden">{t(level)}</span></span>;
}

const STEMS = { fields: "field", deadlines: "deadline", notices: "notice", children: "child" };

function create(store, part) {
  const { doc } = store;
  const key = fresh(doc, part, STEMS[part]);
  const label = { zh: t(`new ${part}`) };
  const items = {
    fields: { key, label },
    deadlines: { key, label, start: [doc.start].filter(Boolean), within: "5 working days", levels: [{ at: "breach" }] },
    notices: { key, to: ["assignee"], subject: { zh: "{number} {title}" }, body: { zh: t("notice_body") } },
    children: { key, label, workflow: "", per: "" },
  };
  store.create(part, items[part]);
}

/* --- one of them -------------------------------------------------------------------------------- */

function Details({ store }) {
  const { doc, selected, data } = store;
  const { part, index } = selected;
  const item = part === "workflow" ? doc : store.item;
  const Form = FORMS[part];
  const heading = useRef(null);
  const where = part === "workflow" ? [] : [part, index];
  useEffect(() => {
    const panel = heading.current?.closest(".dr-panel");
    if (panel) panel.scrollTop = 0;
    if (!selected.focus) return;
    const first = panel?.querySelector("[data-first]") ?? heading.current;
    first?.focus({ preventScroll: true });
    first?.select?.();
  }, [part, index, selected]);
  /* `set(name, value)`, `set(name, value, true)` to keep what is empty, or `set(change)` of the whole. */
  const set = (name, value, kept = false) => {
    const change = typeof name === "function" ? name : (now) => (kept ? { ...now, [name]: value } : put(now, [name], value));
    const merge = typeof name === "function" || typeof value !== "object" ? "" : `${part} ${index} ${name}`;
    const typed = typeof value === "string" || (value && typeof value === "object" && !Array.isArray(value));
    store.edit((before) => (where.length ? put(before, where, change(item)) : change(before)), typed ? `${part} ${index} ${name}` : merge);
  };
  const general = store.findings.filter((each) => each.part === part && each.index === (index ?? null) && !each.inner);
  return (
    <div class="dr-details" key={`${part} ${index}`}>
      <Button icon="arrow-left" onClick={() => store.select(null)}>{t("contents")}</Button>
      <h2 class="dr-heading" tabindex="-1" ref={heading}><Icon name={ICONS[part]} />{t(`one ${part}`)}</h2>
      {general.map((each) => <p class={`dr-said is-${each.level}`}><Icon name="alert-circle" /><span>{told(each)}</span></p>)}
      <Form store={store} item={item} set={set} vocabulary={data.vocabulary} facts={found(doc, data.vocabulary)} />
      {part !== "workflow" && (
        <>
          <KeyText value={item.key} wrong={said(store, "key")}
            onRename={(key) => store.edit((before) => rename(before, part, index, key), "", moved(store, part, item.key, key))} />
          <Button icon="trash" look="outline-danger" onClick={() => store.drop()}>{t(`remove ${part}`)}</Button>
        </>
      )}
    </div>
  );
}

/* A state that is called otherwise stays where it is. */
function moved({ positions, placed }, part, from, to) {
  const spot = placed()[from];
  if (part !== "states" || !spot) return {};
  const { [from]: _, ...rest } = positions;
  return { positions: { ...rest, [to]: spot } };
}
