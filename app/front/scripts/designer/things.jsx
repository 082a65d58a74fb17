/* The forms of the workflow itself, of fields, deadlines, notices and children. */
import { Condition } from "./conditions.jsx";
import { list } from "./document.js";
import { Both, Button, Check, Checks, Rows, Select, Span, Text } from "./inputs.jsx";
import { FormRows, Options, choices, newNotice, roles, said } from "./pieces.jsx";
import { named, t } from "./words.js";

export function WorkflowForm({ store, item, set, vocabulary }) {
  const here = (name) => said(store, name, { part: "workflow", index: null });
  return (
    <>
      <Both label={t("name")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Both label={t("help")} value={item.help} area optional onChange={(value) => set("help", value)} />
      <Select label={t("leg")} value={item.leg ?? "case"} choices={vocabulary.legs} wrong={here("leg")}
        onChange={(value) => set("leg", value === "case" ? undefined : value)} />
      <Select label={t("start")} value={item.start} choices={choices(item, "states")} wrong={here("start")}
        onChange={(value) => set("start", value)} />
      <Checks label={t("openers")} value={item.openers} choices={roles(vocabulary, ["System"])} help={t("openers_help")}
        wrong={here("openers")} onChange={(value) => set("openers", value)} />
      <FormRows label={t("intake")} store={store} items={item.intake} onChange={(value) => set("intake", value)} help={here("intake").join(" ")} />
      <Checks label={t("notify_opening")} value={item.notify} choices={choices(item, "notices")} wrong={here("notify")}
        onChange={(value) => set("notify", value)} />
      <Button icon="plus" onClick={() => newNotice(store, ["notify"])}>{t("create_notice")}</Button>
      <p class="form-text">{t("key_of", { key: item.key })}</p>
    </>
  );
}

export function FieldForm({ store, item, set, vocabulary }) {
  const here = (name) => said(store, name);
  const type = item.type ?? "text";
  const several = type === "choice" || type === "choices";
  const written = type === "text" || type === "long_text";
  return (
    <>
      <Both label={t("name")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Select label={t("type")} value={type} choices={vocabulary.types} wrong={here("type")}
        onChange={(value) => set("type", value === "text" ? undefined : value)} />
      {(several || item.options) && <Options items={item.options} onChange={(value) => set("options", value)} />}
      {several && here("options").length > 0 && <p class="field-error">{here("options").join(" ")}</p>}
      <Both label={t("help")} value={item.help} area optional onChange={(value) => set("help", value)} />
      {(written || item.max_length) && (
        <Text label={t("max_length")} type="number" min="1" max="20000" value={item.max_length ?? 2000} wrong={here("max_length")}
          onChange={(value) => set("max_length", Number(value) === 2000 || value === "" ? undefined : Number(value))} />
      )}
      <Check label={t("public")} value={item.public} onChange={(value) => set("public", value)} help={t("public_help")} />
    </>
  );
}

export function DeadlineForm({ store, item, set, vocabulary, facts }) {
  const { doc } = store;
  const here = (name) => said(store, name);
  const states = choices(doc, "states");
  const steps = choices(doc, "transitions");
  const dates = list(doc, "fields").filter((field) => field.type === "date" || field.type === "datetime")
    .map((field) => [field.key, named(field)]);
  const until = "until" in item;
  const turn = (to) => set((before) => {
    const { within, until: _, variants, extension, ...rest } = before;
    return to === "until" ? { ...rest, until: dates[0]?.[0] ?? "" } : { ...rest, within: "5 working days" };
  });
  return (
    <>
      <Both label={t("name")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Select label={t("how_long")} value={until ? "until" : "within"} onChange={turn}
        choices={[["within", t("by_time")], ["until", t("by_field")]]} />
      {until ? <Select label={t("due_field")} value={item.until} choices={dates} wrong={here("until")} onChange={(value) => set("until", value, true)} />
        : <Span label={t("within")} value={item.within} wrong={here("within")} onChange={(value) => set("within", value)} />}
      {!until && <Variants store={store} items={item.variants} facts={facts} vocabulary={vocabulary} onChange={(value) => set("variants", value)} />}
      <Checks label={t("starts_in")} value={item.start} choices={states} wrong={here("start")} onChange={(value) => set("start", value)} />
      <Checks label={t("stops_in")} value={item.stop} choices={states} wrong={here("stop")} help={t("stops_help")}
        onChange={(value) => set("stop", value)} />
      <Checks label={t("pauses_in")} value={item.pause} choices={states} wrong={here("pause")} onChange={(value) => set("pause", value)} />
      <details class="dr-more" open={Boolean(item.starts_on || item.stops_on)}>
        <summary>{t("by_steps")}</summary>
        <Checks label={t("starts_on")} value={item.starts_on} choices={steps} wrong={here("starts_on")} onChange={(value) => set("starts_on", value)} />
        <Checks label={t("stops_on")} value={item.stops_on} choices={steps} wrong={here("stops_on")} onChange={(value) => set("stops_on", value)} />
      </details>
      <Condition label={t("only_when")} value={item.when} facts={facts} vocabulary={vocabulary} wrong={here("when")}
        onChange={(value) => set("when", value)} />
      {!until && <Extension store={store} value={item.extension} steps={steps} onChange={(value) => set("extension", value)} />}
      <Levels store={store} items={item.levels} steps={steps} onChange={(value) => set("levels", value)} />
    </>
  );
}

function Variants({ store, items, facts, vocabulary, onChange }) {
  const begin = { when: { fact: facts[0].facts[0].name }, within: "2 working days" };
  return (
    <Rows label={t("variants")} items={items} onChange={onChange} name={(item) => item.within ?? ""}
      help={[t("variants_help"), ...said(store, "variants")].join(" ")}
      render={(item, change) => (
        <>
          <Span label={t("within")} value={item.within} onChange={(within) => change({ ...item, within: within ?? "" })} />
          <Condition label={t("when")} value={item.when} facts={facts} vocabulary={vocabulary}
            onChange={(when) => change({ ...item, when: when ?? {} })} />
        </>
      )}>
      <Button icon="plus" onClick={() => onChange([...(items ?? []), begin])}>{t("add_variant")}</Button>
    </Rows>
  );
}

function Extension({ store, value, steps, onChange }) {
  const { doc } = store;
  const numbers = list(doc, "fields").filter((field) => field.type === "number").map((field) => [field.key, named(field)]);
  const set = (name, given) => {
    const next = { ...value, [name]: given };
    if (given === "" || given === undefined) delete next[name];
    onChange(next);
  };
  const begin = { ask: steps[0]?.[0] ?? "", grant: steps[0]?.[0] ?? "", refuse: steps[0]?.[0] ?? "", by: "5 working days" };
  return (
    <fieldset class="form-row dr-rows">
      <legend>{t("extension")}</legend>
      <Check label={t("extendable")} value={Boolean(value)} onChange={(on) => onChange(on ? begin : undefined)} />
      {value && (
        <>
          {["ask", "grant", "refuse"].map((name) => (
            <Select label={t(`extension ${name}`)} value={value[name]} choices={steps} onChange={(to) => set(name, to)} />
          ))}
          <Span label={t("extension by")} value={value.by} onChange={(by) => set("by", by)} />
          <Select label={t("extension field")} value={value.field ?? ""} blank={t("fixed")} choices={numbers} onChange={(to) => set("field", to)} />
          <Text label={t("extension most")} type="number" min="1" max="20" value={value.most ?? 1}
            onChange={(to) => set("most", Number(to) > 1 ? Number(to) : undefined)} />
          {said(store, "extension").length > 0 && <p class="field-error">{said(store, "extension").join(" ")}</p>}
        </>
      )}
    </fieldset>
  );
}

function Levels({ store, items, steps, onChange }) {
  const { doc, selected } = store;
  const kindOf = (at = "") => (at.includes("%") ? "percent" : at.includes("+") ? "after" : "breach");
  const begin = { percent: "80 %", breach: "breach", after: "breach + 1 working day" };
  return (
    <Rows label={t("levels")} items={items} onChange={onChange} name={(item) => item.at} help={said(store, "levels").join(" ")}
      render={(item, change, index) => (
        <>
          <Select bare label={t("level_at")} value={kindOf(item.at)} onChange={(to) => change({ ...item, at: begin[to] })}
            choices={["percent", "breach", "after"].map((each) => [each, t(`level ${each}`)])} />
          {kindOf(item.at) === "percent" && (
            <Text label={t("percent")} type="number" min="1" max="99" value={parseInt(item.at, 10)}
              onChange={(to) => change({ ...item, at: `${to} %` })} />
          )}
          {kindOf(item.at) === "after" && (
            <Span label={t("overdue_by")} value={item.at.split("+")[1].trim()} onChange={(to) => change({ ...item, at: `breach + ${to ?? "1 hour"}` })} />
          )}
          <Checks label={t("notify")} value={item.notify} choices={choices(doc, "notices")}
            onChange={(notify) => change(notify.length ? { ...item, notify } : without(item, "notify"))} />
          <Button icon="plus" onClick={() => newNotice(store, ["deadlines", selected.index, "levels", index, "notify"])}>{t("create_notice")}</Button>
          <Select label={t("fire")} value={item.fire ?? ""} blank={t("nothing")} choices={steps}
            onChange={(fire) => change(fire ? { ...item, fire } : without(item, "fire"))} />
        </>
      )}>
      <Button icon="plus" onClick={() => onChange([...(items ?? []), { at: begin[items?.length ? "breach" : "percent"] }])}>{t("add_level")}</Button>
    </Rows>
  );
}

const without = (item, name) => { const { [name]: _, ...rest } = item; return rest; };

export function NoticeForm({ store, item, set, vocabulary }) {
  const here = (name) => said(store, name);
  const fields = list(store.doc, "fields").filter((field) => ["person", "party", "parties"].includes(field.type))
    .map((field) => [`field.${field.key}`, named(field)]);
  const staff = vocabulary.roles.filter(([key]) => !["Resident", "System"].includes(key));
  const people = [
    ...vocabulary.recipients, ...fields, ...staff.map(([key, words]) => [`role:${key}`, words]),
    ...staff.map(([key, words]) => [`above:${key}`, t("above", { role: words })]),
  ];
  return (
    <>
      <Both label={t("subject")} value={item.subject} wrong={here("subject")} autofocus onChange={(value) => set("subject", value)} />
      <Both label={t("body")} value={item.body} area wrong={here("body")} onChange={(value) => set("body", value)}
        help={t("placeholders", { names: vocabulary.templates.map(([name, words]) => `{${name}} ${words}`).join("；") })} />
      <Checks label={t("recipients")} value={item.to} choices={people} wrong={here("to")} onChange={(value) => set("to", value)} />
      <Checks label={t("channels")} value={item.channels ?? ["inapp"]} choices={vocabulary.channels} wrong={here("channels")}
        onChange={(value) => set("channels", value.join() === "inapp" ? undefined : value)} />
    </>
  );
}

export function ChildForm({ store, item, set, vocabulary }) {
  const { doc } = store;
  const here = (name) => said(store, name);
  const fields = list(doc, "fields").filter((field) => field.type === "parties" || field.type === "place")
    .map((field) => [`field.${field.key}`, named(field)]);
  const made = vocabulary.sources.filter((source) => !source.legs.length || source.legs.includes(doc.leg ?? "case"))
    .map((source) => [source.name, source.label]);
  return (
    <>
      <Both label={t("name")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Select label={t("child_workflow")} value={item.workflow} choices={vocabulary.workflows} wrong={here("workflow")}
        onChange={(value) => set("workflow", value, true)} />
      <Select label={t("per")} value={item.per} choices={[...fields, ...made]} wrong={here("per")} onChange={(value) => set("per", value, true)} />
      <Checks label={t("carry")} value={item.carry} choices={choices(doc, "fields")} wrong={here("carry")} onChange={(value) => set("carry", value)} />
      <Select label={t("when_all_closed")} value={item.when_all_closed ?? ""} blank={t("nothing")} choices={choices(doc, "transitions")}
        wrong={here("when_all_closed")} onChange={(value) => set("when_all_closed", value)} />
    </>
  );
}
