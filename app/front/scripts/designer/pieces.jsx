/* What several forms of the side panel have in them: roles, forms, notices, lists of states. */
import { add, fresh, list, put } from "./document.js";
import { Button, Check, Rows, Select, Text } from "./inputs.jsx";
import { named, t, text } from "./words.js";

export const choices = (doc, part) => {
  const seen = new Set();
  return list(doc, part).filter((item) => !seen.has(item.key) && seen.add(item.key))
    .map((item) => [item.key, named(item)]);
};

/* What is wrong and the way out, as sentences. */
export const told = ({ text, hint }) => {
  if (!hint) return text;
  return document.documentElement.lang.startsWith("zh") ? `${text}。${hint}` : `${text}. ${hint}`;
};

/* What the checker says of one of the item's entries. */
export const said = (store, name, where = store.selected) => store.findings
  .filter((each) => each.part === where?.part && each.index === (where.index ?? null)
    && (each.inner === name || each.inner?.startsWith(`${name}.`) || each.inner?.startsWith(`${name}[`)))
  .map(told);

export function FormRows({ label, store, items, onChange, help }) {
  const { doc } = store;
  const fields = choices(doc, "fields");
  const name = (item) => fields.find(([key]) => key === item.field)?.[1] ?? item.field;
  const used = new Set((items ?? []).map((item) => item.field));
  const free = fields.filter(([key]) => !used.has(key));
  const create = () => {
    const key = fresh(doc, "fields", "field");
    const index = list(doc, "fields").length;
    store.edit((before) => put(add(before, "fields", { key, label: { zh: t("new_field") } }),
      path(store, label), [...(items ?? []), { field: key }]), "", { selected: { part: "fields", index, focus: true } });
  };
  return (
    <Rows label={label} items={items} onChange={onChange} name={name} help={help}
      render={(item, change) => (
        <>
          <Select bare label={t("field")} value={item.field} choices={fields} onChange={(field) => change({ ...item, field })} />
          <Check label={t("required")} value={item.required}
            onChange={(on) => change(on ? { ...item, required: true } : { field: item.field })} />
        </>
      )}>
      <div class="dr-add">
        {free.length > 0 && (
          <Select label={t("add_field")} value="" blank={t("choose_field")} choices={free}
            onChange={(field) => field && onChange([...(items ?? []), { field }])} />
        )}
        <Button icon="plus" onClick={create}>{t("create_field")}</Button>
      </div>
    </Rows>
  );
}

/* Where a form lies: at the opening, or at the step that is shown. */
const path = (store) => (store.selected.part === "workflow" ? ["intake"] : [store.selected.part, store.selected.index, "form"]);

export function newNotice(store, where) {
  const { doc } = store;
  const key = fresh(doc, "notices", "notice");
  const index = list(doc, "notices").length;
  const notice = {
    key, to: ["assignee"], subject: { zh: "{number} {title}" }, body: { zh: t("notice_body") },
  };
  store.edit((before) => {
    const now = where.reduce((thing, name) => thing?.[name], before) ?? [];
    return put(add(before, "notices", notice), where, [...now, key]);
  }, "", { selected: { part: "notices", index, focus: true } });
}

export const roles = (vocabulary, without = []) => vocabulary.roles.filter(([key]) => !without.includes(key));

export function Options({ items, onChange }) {
  const create = () => {
    const taken = new Set((items ?? []).map((item) => item.key));
    let count = taken.size + 1;
    while (taken.has(`option_${count}`)) count += 1;
    onChange([...(items ?? []), { key: `option_${count}`, label: { zh: "" } }]);
  };
  const label = (item, words, language) => ({ ...item, label: { zh: "", ...(typeof item.label === "string" ? { zh: item.label } : item.label), [language]: words } });
  return (
    <Rows label={t("options")} items={items} onChange={onChange} name={(item) => text(item.label, item.key)}
      render={(item, change) => (
        <>
          <Text label={t("in_chinese", { label: t("option") })} value={item.label?.zh ?? item.label}
            onChange={(words) => change(label(item, words, "zh"))} />
          <Text label={t("in_english", { label: t("option") })} value={item.label?.en}
            onChange={(words) => change(label(item, words, "en"))} />
          <Text label={t("key")} value={item.key} onChange={(key) => change({ ...item, key })} />
        </>
      )}>
      <Button icon="plus" onClick={create}>{t("add_option")}</Button>
    </Rows>
  );
}
