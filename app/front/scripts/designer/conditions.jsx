/* Conditions, put together from menus: tests of facts, joined by "all", "any" and "not". */
import { useId } from "preact/hooks";

import { without } from "./document.js";
import { initial, known, numeral } from "./facts.js";
import { Button, Select, Tool } from "./inputs.jsx";
import { t } from "./words.js";

const DEEPEST = 12;

export function Condition({ label, value, onChange, facts, vocabulary, help, wrong }) {
  const names = known(facts);
  const begin = () => onChange({ fact: facts[0]?.facts[0]?.name ?? "", ...initial(facts[0]?.facts[0]) });
  const shared = { facts, names, vocabulary };
  return (
    <fieldset class={`form-row dr-condition${wrong?.length ? " has-error" : ""}`}>
      <legend>{label}</legend>
      {help && <p class="form-text">{help}</p>}
      {value && Object.keys(value).length
        ? <Part value={value} onChange={onChange} {...shared} depth={1} />
        : <Button icon="plus" onClick={begin}>{t("add_condition")}</Button>}
      {wrong?.length > 0 && <p class="field-error"><span>{wrong.join(" ")}</span></p>}
    </fieldset>
  );
}

const shape = (value) => ["all", "any", "not"].find((word) => word in value) ?? "fact";

function Part({ value, onChange, depth, ...shared }) {
  const word = shape(value);
  if (word === "fact") return <Test value={value} onChange={onChange} depth={depth} {...shared} />;
  const inner = word === "not" ? [value.not] : value[word];
  const change = (parts) => {
    if (!parts.length) onChange(undefined);
    else onChange(word === "not" ? { not: parts[0] } : { [word]: parts });
  };
  return (
    <div class="dr-group">
      <div class="dr-group-head">
        <Select bare label={t("joined")} value={word} onChange={(to) => onChange(joined(to, inner))}
          choices={["all", "any", "not"].map((each) => [each, t(`join ${each}`)])} />
        <Tool icon="x" label={t("drop_group")} onClick={() => onChange(undefined)} />
      </div>
      {inner.map((part, index) => (
        <Part key={index} value={part} depth={depth + 1} {...shared}
          onChange={(next) => change(next === undefined ? without(inner, index) : inner.map((each, at) => (at === index ? next : each)))} />
      ))}
      {word !== "not" && (
        <Button icon="plus" onClick={() => change([...inner, first(shared.facts)])}>{t("add_test")}</Button>
      )}
    </div>
  );
}

const first = (facts) => ({ fact: facts[0].facts[0].name, ...initial(facts[0].facts[0]) });

function joined(word, parts) {
  if (word !== "not") return { [word]: parts };
  return { not: parts.length === 1 ? parts[0] : { all: parts } };
}

function Test({ value, onChange, facts, names, vocabulary, depth }) {
  const fact = names.get(value.fact);
  const ops = vocabulary.fitting[fact?.type ?? "yes_no"];
  const op = value.op ?? "eq";
  const choices = facts.map((group) => ({ label: group.label, choices: group.facts.map((each) => [each.name, each.label]) }));
  const choose = (name) => onChange({ fact: name, ...initial(names.get(name)) });
  const write = (next) => onChange(lean({ fact: value.fact, op, value: value.value ?? true, ...next }));
  const turn = (to) => write({ op: to, value: to === "in" ? [value.value ?? ""].flat() : [value.value].flat()[0] });
  return (
    <div class="dr-test">
      <Select bare label={t("fact")} value={value.fact} choices={choices} onChange={choose} />
      <div class="dr-test-rest">
        {fact?.type === "yes_no" ? <YesNo op={op} value={value.value ?? true} onChange={write} /> : (
          <>
            <Select bare label={t("operator")} value={op} onChange={turn} choices={ops.map((each) => [each, t(`op ${each}`)])} />
            <Value fact={fact} op={op} value={value.value ?? true} onChange={(next) => write({ value: next })} />
          </>
        )}
        <Tool icon="x" label={t("drop_test")} onClick={() => onChange(undefined)} />
      </div>
      {depth < DEEPEST && (
        <div class="dr-test-more">
          <Button onClick={() => onChange({ all: [value, first(facts)] })}>{t("and_more")}</Button>
          <Button onClick={() => onChange({ any: [value, first(facts)] })}>{t("or_more")}</Button>
          <Button onClick={() => onChange({ not: value })}>{t("turn_round")}</Button>
        </div>
      )}
    </div>
  );
}

/* What is the default is left out; `true` is said by the fact alone. */
function lean({ fact, op, value }) {
  return { fact, ...(op === "eq" ? {} : { op }), ...(value === true ? {} : { value }) };
}

function YesNo({ op, value, onChange }) {
  const yes = (op === "eq") === (value === true);
  return (
    <Select bare label={t("value")} value={yes ? "yes" : "no"} choices={[["yes", t("is_so")], ["no", t("is_not_so")]]}
      onChange={(to) => onChange({ op: "eq", value: to === "yes" })} />
  );
}

function Value({ fact, op, value, onChange }) {
  const id = useId();
  if (op === "in") {
    const text = [value].flat().join(", ");
    const read = (typed) => onChange(typed.split(/[,，、]\s*/).filter(Boolean).map((each) => (fact?.type === "number" ? numeral(each) : each)));
    return <input class="form-control" id={id} aria-label={t("values")} defaultValue={text} onChange={(event) => read(event.target.value)} />;
  }
  if (fact?.options?.length) {
    return <Select bare label={t("value")} value={value === true ? "" : String(value)} choices={fact.options} onChange={onChange} />;
  }
  const type = fact?.type === "number" ? "number" : fact?.long || "text";
  const given = value === true || value === null ? "" : String(value);
  return (
    <input class="form-control" aria-label={t("value")} type={type === "number" && given && Number.isNaN(Number(given)) ? "text" : type}
      step="any" value={given} onInput={(event) => onChange(fact?.type === "number" ? numeral(event.target.value) : event.target.value)} />
  );
}
