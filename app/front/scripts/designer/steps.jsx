/* The forms of a state and of a step. */
import { Condition } from "./conditions.jsx";
import { list } from "./document.js";
import { Both, Button, Check, Checks, Rows, Select, Text } from "./inputs.jsx";
import { FormRows, choices, newNotice, roles, said } from "./pieces.jsx";
import { named, t } from "./words.js";

export function StateForm({ store, item, set, vocabulary }) {
  const { doc, selected } = store;
  const steps = list(doc, "transitions").map((one, index) => ({ one, index }))
    .filter(({ one }) => one.from === "*" || [one.from ?? []].flat().includes(item.key));
  const here = (name) => said(store, name);
  return (
    <>
      <Both label={t("name")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Select label={t("kind")} value={item.kind ?? "open"} choices={vocabulary.kinds} wrong={here("kind")}
        help={t(`kind_help ${item.kind ?? "open"}`)} onChange={(value) => set("kind", value === "open" ? undefined : value)} />
      {doc.start === item.key ? <p class="dr-note">{t("is_start")}</p>
        : <Button icon="player-play" onClick={() => store.edit((before) => ({ ...before, start: item.key }))}>{t("make_start")}</Button>}
      <section>
        <h3>{t("steps_here")}</h3>
        <ul class="dr-links">
          {steps.map(({ one, index }) => (
            <li><button type="button" class="btn btn-quiet" onClick={() => store.select("transitions", index, { focus: true })}>
              {named(one)}{one.to && one.to !== item.key ? ` → ${goal(doc, one.to)}` : ""}
            </button></li>
          ))}
        </ul>
        <NewStep store={store} from={item.key} />
      </section>
      <Both label={t("help")} value={item.help} area optional wrong={here("help")} onChange={(value) => set("help", value)} />
      <Checks label={t("visible_to")} value={item.visible_to} choices={roles(vocabulary, ["System"])} help={t("visible_help")}
        wrong={here("visible_to")} onChange={(value) => set("visible_to", value)} key={selected.index} />
    </>
  );
}

const goal = (doc, key) => named(list(doc, "states").find((state) => state.key === key) ?? { key });

/* From one state to another without a mouse. */
function NewStep({ store, from }) {
  const states = choices(store.doc, "states");
  return (
    <Select label={t("new_step_to")} value="" blank={t("choose_goal")}
      choices={[["\n", t("stays")], ...states]}
      onChange={(to) => to && store.connect(from, to === "\n" ? null : to, t("new_step"))} />
  );
}

export function StepForm({ store, item, set, vocabulary, facts }) {
  const { doc, selected } = store;
  const states = choices(doc, "states");
  const here = (name) => said(store, name);
  const from = item.from === "*" ? "*" : "some";
  return (
    <>
      <Both label={t("button")} value={item.label} wrong={here("label")} autofocus onChange={(value) => set("label", value)} />
      <Select label={t("from")} value={from} choices={[["some", t("from_some")], ["*", t("from_all")]]}
        onChange={(to) => set("from", to === "*" ? "*" : [doc.start].filter(Boolean))} wrong={from === "*" ? here("from") : []} />
      {from === "some" && (
        <Checks label={t("from_which")} value={[item.from ?? []].flat()} choices={states} wrong={here("from")}
          onChange={(value) => set("from", value, true)} />
      )}
      <Select label={t("to")} value={item.to ?? ""} blank={t("stays")} choices={states} wrong={here("to")}
        onChange={(value) => set("to", value)} />
      <Checks label={t("roles")} value={item.roles} choices={roles(vocabulary)} wrong={here("roles")} help={t("roles_help")}
        onChange={(value) => set("roles", value)} />
      <Checks label={t("relations")} value={item.relations} choices={vocabulary.relations} wrong={here("relations")}
        help={t("relations_help")} onChange={(value) => set("relations", value)} />
      <Condition label={t("when")} value={item.when} facts={facts} vocabulary={vocabulary} wrong={here("when")}
        onChange={(value) => set("when", value)} />
      <FormRows label={t("form")} store={store} items={item.form} onChange={(value) => set("form", value)} help={here("form").join(" ")} />
      <Effects store={store} items={item.effects} vocabulary={vocabulary} onChange={(value) => set("effects", value)} />
      <Checks label={t("notify")} value={item.notify} choices={choices(doc, "notices")} wrong={here("notify")}
        onChange={(value) => set("notify", value)} />
      <Button icon="plus" onClick={() => newNotice(store, ["transitions", selected.index, "notify"])}>{t("create_notice")}</Button>
      {list(doc, "children").length > 0 && (
        <Checks label={t("spawn")} value={item.spawn} choices={choices(doc, "children")} wrong={here("spawn")}
          onChange={(value) => set("spawn", value)} />
      )}
      <Check label={t("primary")} value={item.primary} onChange={(value) => set("primary", value)} help={t("primary_help")} />
      <Check label={t("bulk")} value={item.bulk} onChange={(value) => set("bulk", value)} />
      <Both label={t("confirm")} value={item.confirm} area optional wrong={here("confirm")} onChange={(value) => set("confirm", value)} />
    </>
  );
}

const kind = (effect) => ["assign", "run"].find((word) => word in effect) ?? "set";

function Effects({ store, items, vocabulary, onChange }) {
  const { doc } = store;
  const people = list(doc, "fields").filter((field) => field.type === "person" || field.type === "party")
    .map((field) => [`field.${field.key}`, named(field)]);
  const runs = vocabulary.effects.filter((effect) => !effect.legs.length || effect.legs.includes(doc.leg ?? "case"))
    .map((effect) => [effect.name, effect.label]);
  const fields = choices(doc, "fields");
  const begin = { assign: { assign: "actor" }, set: { set: { [fields[0]?.[0] ?? "field"]: "" } }, run: { run: runs[0]?.[0] ?? "" } };
  const kinds = ["assign", "set", "run"].filter((word) => word !== "run" || runs.length).map((word) => [word, t(`effect ${word}`)]);
  return (
    <Rows label={t("effects")} items={items} onChange={onChange} name={(item) => t(`effect ${kind(item)}`)}
      help={said(store, "effects").join(" ")}
      render={(item, change) => (
        <>
          <Select bare label={t("effects")} value={kind(item)} choices={kinds} onChange={(to) => change(begin[to])} />
          {kind(item) === "assign" && (
            <Select bare label={t("effect assign")} value={item.assign} onChange={(assign) => change({ assign })}
              choices={[["actor", t("assign actor")], ["nobody", t("assign nobody")], ...people]} />
          )}
          {kind(item) === "run" && (
            <Select bare label={t("effect run")} value={item.run} choices={runs} onChange={(run) => change({ run })} />
          )}
          {kind(item) === "set" && <Sets doc={doc} value={item.set ?? {}} fields={fields} onChange={(set) => change({ set })} />}
        </>
      )}>
      <Button icon="plus" onClick={() => onChange([...(items ?? []), begin.assign])}>{t("add_effect")}</Button>
    </Rows>
  );
}

const literal = (text) => ({ true: true, false: false, "": null })[text] ?? (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

function Sets({ doc, value, fields, onChange }) {
  const pairs = Object.entries(value);
  const write = (index, pair) => onChange(Object.fromEntries(pairs.map((each, at) => (at === index ? pair : each))));
  const type = (key) => list(doc, "fields").find((field) => field.key === key);
  return (
    <>
      {pairs.map(([key, given], index) => (
        <div class="dr-pair">
          <Select bare label={t("field")} value={key} choices={fields} onChange={(to) => write(index, [to, given])} />
          {type(key)?.type === "yes_no"
            ? <Select bare label={t("value")} value={String(given === true)} choices={[["true", t("yes")], ["false", t("no")]]}
              onChange={(to) => write(index, [key, to === "true"])} />
            : type(key)?.options?.length
              ? <Select bare label={t("value")} value={given ?? ""} choices={type(key).options.map((each) => [each.key, named(each)])}
                onChange={(to) => write(index, [key, to])} />
              : <Text label={t("value")} value={given === null ? "" : String(given)} onChange={(to) => write(index, [key, literal(to)])} />}
        </div>
      ))}
      <Button icon="plus" onClick={() => onChange({ ...value, [fields.find(([key]) => !(key in value))?.[0] ?? "field"]: "" })}>{t("add_value")}</Button>
    </>
  );
}
