/** What can be noted about a report: one form for the reports page and for the page of a record. */

import { newId } from "./api.js";
import { h } from "./dom.js";
import { outbox } from "./shell.js";

// kind → what it is called, and what has to be told: [name, words, input type, required]
export const KINDS = [
  ["sought", "Somebody looks for it", []],
  ["ordered", "Ordered", [["source", "From where", "text", true]]],
  ["authors_asked", "Authors asked", [["asked_on", "When", "date", true]]],
  ["retrieved", "It is here (on paper or elsewhere)", []],
  ["not_retrieved", "Cannot be had", [["reason", "Why", "text", true]]],
  ["translation_wanted", "Translation wanted", [["language", "Language", "text", true], ["note", "Note", "text", false]]],
  ["translated", "Translated", []],
  ["awaiting_classification", "Awaiting classification", [["reason", "Why", "text", true]]],
  ["ongoing", "Ongoing study", [["reason", "Why", "text", true]]],
  ["classified", "Classified after all", []],
  ["withdrawn", "Take the last note back", []],
];

/** A form that notes one thing about a report. *done*(words) is called once it is on its way. */
export function reportDeeds(record, { done }) {
  const name = newId();
  const kind = h("select", { id: `kind-${name}` }, KINDS.map(([value, words]) => h("option", { value }, words)));
  const more = h("div", {});
  const ask = () => {
    const [, , fields] = KINDS.find(([value]) => value === kind.value);
    more.replaceChildren(
      ...fields.map(([field, words, type, required]) =>
        h("div", { class: "field" }, h("label", { for: `${field}-${name}` }, words), h("input", { id: `${field}-${name}`, name: field, type, required, maxlength: "500" })),
      ),
    );
  };
  const submit = (event) => {
    event.preventDefault();
    const body = { id: newId(), record, kind: kind.value };
    for (const input of more.querySelectorAll("input")) if (input.value.trim()) body[input.name] = input.value.trim();
    const [, words] = KINDS.find(([value]) => value === kind.value);
    outbox.put("/api/report-events", body, `“${words}” on a report`);
    ask();
    done(`Noted: ${words}.`);
  };
  kind.addEventListener("change", ask);
  ask();
  return h(
    "form",
    { class: "report-form", onsubmit: submit },
    h("div", { class: "field" }, h("label", { for: kind.id }, "Note down"), kind),
    more,
    h("div", { class: "deeds" }, h("button", {}, "Note it")),
  );
}
