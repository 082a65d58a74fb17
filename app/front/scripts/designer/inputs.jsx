/* The controls of the side panel. Each says its name, its help and what is wrong with it. */
import { useId, useState } from "preact/hooks";

import { move, place, without } from "./document.js";
import { t } from "./words.js";

export function Icon({ name }) {
  const sprite = document.getElementById("designer").dataset.icons;
  return <svg class="icon" aria-hidden="true" focusable="false"><use href={`${sprite}#${name}`} /></svg>;
}

function described(id, help, wrong) {
  const ids = [help && `${id}-help`, wrong?.length && `${id}-error`].filter(Boolean).join(" ");
  return { "aria-describedby": ids || undefined, "aria-invalid": wrong?.length ? "true" : undefined };
}

function After({ id, help, wrong }) {
  return (
    <>
      {help && <div class="form-text" id={`${id}-help`}>{help}</div>}
      {wrong?.length > 0 && (
        <div class="field-error" id={`${id}-error`}><Icon name="alert-circle" /><span>{wrong.join(" ")}</span></div>
      )}
    </>
  );
}

export function Text({ label, value, onChange, help, wrong, area, type = "text", autofocus, ...more }) {
  const id = useId();
  const control = {
    id, value: value ?? "", onInput: (event) => onChange(event.target.value), class: "form-control",
    "data-first": autofocus ? "1" : undefined, ...described(id, help, wrong), ...more,
  };
  return (
    <div class={`form-row${wrong?.length ? " has-error" : ""}`}>
      <label for={id}>{label}</label>
      {area ? <textarea rows="2" {...control} /> : <input type={type} autocomplete="off" {...control} />}
      <After id={id} help={help} wrong={wrong} />
    </div>
  );
}

/* `choices`: [key, words], or {label, choices} for a group. */
export function Select({ label, value, choices, onChange, help, wrong, bare, blank }) {
  const id = useId();
  const flat = choices.flatMap((one) => one.choices ?? [one]);
  const unknown = value !== undefined && value !== "" && !flat.some(([key]) => key === value);
  return (
    <div class={`form-row${wrong?.length ? " has-error" : ""}`}>
      <label for={id} class={bare ? "visually-hidden" : ""}>{label}</label>
      <select class="form-select" id={id} value={value ?? ""} onChange={(event) => onChange(event.target.value)}
        {...described(id, help, wrong)}>
        {(blank !== undefined || value === undefined || value === "") && <option value="">{blank ?? t("choose")}</option>}
        {unknown && <option value={value}>{t("gone", { name: value })}</option>}
        {choices.map((one) => (one.choices
          ? <optgroup label={one.label}>{one.choices.map(([key, words]) => <option value={key}>{words}</option>)}</optgroup>
          : <option value={one[0]}>{one[1]}</option>))}
      </select>
      <After id={id} help={help} wrong={wrong} />
    </div>
  );
}

export function Check({ label, value, onChange, help }) {
  const id = useId();
  return (
    <div class="form-check">
      <input class="form-check-input" type="checkbox" id={id} checked={Boolean(value)}
        onChange={(event) => onChange(event.target.checked)} {...described(id, help)} />
      <label class="form-check-label" for={id}>{label}</label>
      <After id={id} help={help} />
    </div>
  );
}

/* Some of several; the order is that of the list. What isn't in the list any more can be unticked. */
export function Checks({ label, value, choices, onChange, help, wrong }) {
  const chosen = value ?? [];
  const unknown = chosen.filter((key) => !choices.some(([each]) => each === key)).map((key) => [key, t("gone", { name: key })]);
  const all = [...choices, ...unknown];
  const tick = (key, on) => onChange(on ? [...chosen, key] : chosen.filter((each) => each !== key));
  return (
    <fieldset class={`form-row${wrong?.length ? " has-error" : ""}`}>
      <legend>{label}</legend>
      {all.length ? (
        <div class="dr-checks">
          {all.map(([key, words]) => <Check label={words} value={chosen.includes(key)} onChange={(on) => tick(key, on)} />)}
        </div>
      ) : <p class="form-text">{t("none_yet")}</p>}
      {help && <div class="form-text">{help}</div>}
      {wrong?.length > 0 && <div class="field-error"><Icon name="alert-circle" /><span>{wrong.join(" ")}</span></div>}
    </fieldset>
  );
}

/* A text in both languages; the English may be left out. */
export function Both({ label, value, onChange, help, wrong, area, optional, autofocus }) {
  const now = typeof value === "string" ? { zh: value } : value ?? {};
  const change = (name, words) => {
    const next = place({ zh: "", ...now }, name, words);
    if (!next.en) delete next.en;
    onChange(optional && !next.zh && !next.en ? undefined : next);
  };
  return (
    <div class="dr-both">
      <Text label={t("in_chinese", { label })} value={now.zh} onChange={(words) => change("zh", words)} wrong={wrong}
        area={area} autofocus={autofocus} />
      <Text label={t("in_english", { label })} value={now.en} onChange={(words) => change("en", words)} help={help} area={area} />
    </div>
  );
}

const UNITS = ["min", "hours", "working hours", "days", "working days"];
const WRITTEN = { min: "min", hour: "hours", "working hour": "working hours", day: "days", "working day": "working days" };

/* `5 working days`: a number and a unit. */
export function Span({ label, value, onChange, wrong, help }) {
  const id = useId();
  const [, amount = "", unit = ""] = /^(\d*)\s*(.*)$/.exec(value ?? "") ?? [];
  const now = WRITTEN[unit] ?? (UNITS.includes(unit) ? unit : "working days");
  const write = (number, word) => onChange(number === "" ? undefined : `${number} ${word}`);
  return (
    <div class={`form-row${wrong?.length ? " has-error" : ""}`}>
      <label for={id}>{label}</label>
      <div class="dr-pair">
        <input class="form-control" id={id} type="number" min="0" max="100000" value={amount}
          onInput={(event) => write(event.target.value, now)} {...described(id, help, wrong)} />
        <select class="form-select" aria-label={t("unit", { label })} value={now}
          onChange={(event) => write(amount || "1", event.target.value)}>
          {UNITS.map((each) => <option value={each}>{t(`unit ${each}`)}</option>)}
        </select>
      </div>
      <After id={id} help={help} wrong={wrong} />
    </div>
  );
}

export function Button({ icon, children, onClick, look = "quiet", ...more }) {
  return (
    <button type="button" class={`btn btn-${look}`} onClick={onClick} {...more}>
      {icon && <Icon name={icon} />}{children}
    </button>
  );
}

/* Things in an order of their own, each with the buttons that move it and take it out. */
export function Rows({ label, items, onChange, render, name, children, help }) {
  const now = items ?? [];
  return (
    <fieldset class="form-row dr-rows">
      <legend>{label}</legend>
      {help && <p class="form-text">{help}</p>}
      {now.map((item, index) => (
        <div class="dr-row" key={index}>
          <div class="dr-row-body">
            {render(item, (next) => onChange(now.map((each, at) => (at === index ? next : each))), index)}
          </div>
          <div class="dr-row-tools">
            <Tool icon="chevron-up" label={t("up", { name: name(item, index) })} off={index === 0}
              onClick={() => onChange(move(now, index, -1))} />
            <Tool icon="chevron-down" label={t("down", { name: name(item, index) })} off={index === now.length - 1}
              onClick={() => onChange(move(now, index, 1))} />
            <Tool icon="x" label={t("take_out", { name: name(item, index) })} onClick={() => onChange(without(now, index))} />
          </div>
        </div>
      ))}
      {children}
    </fieldset>
  );
}

export function Tool({ icon, label, onClick, off, ...more }) {
  return (
    <button type="button" class="btn btn-icon" aria-label={label} title={label} disabled={off} onClick={onClick} {...more}>
      <Icon name={icon} />
    </button>
  );
}

/* A key that other parts name: typed out first, then changed everywhere at once. */
export function KeyText({ value, onRename, wrong }) {
  const [typed, type] = useState(null);
  const done = () => {
    const key = (typed ?? "").trim();
    type(null);
    if (key && key !== value) onRename(key);
  };
  return (
    <details class="dr-more" open={wrong?.length > 0}>
      <summary>{t("key_of", { key: value })}</summary>
      <Text label={t("key")} value={typed ?? value} wrong={wrong} help={t("key_help")} onChange={type} onBlur={done}
        onKeyDown={(event) => event.key === "Enter" && event.target.blur()} />
    </details>
  );
}
