/* What a condition may ask of a case of this draft: the registry's facts, and those that fields,
   deadlines and children bring. The server's app/workflows/registry.py says the same. */
import { list } from "./document.js";
import { named, t, text } from "./words.js";

export function facts(doc, vocabulary) {
  const fits = (entry) => !entry.legs.length || entry.legs.includes(doc.leg ?? "case");
  const groups = [
    { label: t("facts_case"), facts: vocabulary.facts.filter(fits) },
    { label: t("fields"), facts: list(doc, "fields").map((field) => ({
      name: `field.${field.key}`, label: named(field), type: vocabulary.values[field.type ?? "text"] ?? "text",
      options: field.options?.map((option) => [option.key, text(option.label, option.key)]),
      long: field.type === "date" ? "date" : field.type === "datetime" ? "datetime-local" : "",
    })) },
    family("deadline", "deadlines", vocabulary.deadline_facts, doc),
    family("children", "children", vocabulary.children_facts, doc),
  ];
  return groups.filter((group) => group.facts.length);
}

function family(prefix, part, words, doc) {
  const made = list(doc, part).flatMap((owner) => words.map(([word, label, type]) => ({
    name: `${prefix}.${owner.key}.${word}`, label: `${named(owner)}：${label}`, type,
  })));
  return { label: t(part), facts: made };
}

export const known = (groups) =>
  new Map(groups.flatMap((group) => group.facts.map((fact) => [fact.name, fact])));

/* A value to begin with, once the fact is chosen. */
export function initial(fact) {
  if (!fact || fact.type === "yes_no") return {};
  if (fact.type === "number") return { op: "ge", value: 1 };
  if (fact.options?.length) return { op: fact.type === "several" ? "contains" : "eq", value: fact.options[0][0] };
  return { op: fact.type === "text" || fact.type === "several" ? "contains" : "eq", value: "" };
}

/* Whole numbers are numbers; decimals and fractions stay text, as the file wants them. */
export const numeral = (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);
