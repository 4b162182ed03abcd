/** The retrieval list: what is to be had, and what has been tried. */

import { get, prefix } from "./api.js";
import { byId, counted, fill, h, inWords } from "./dom.js";
import { onKeys } from "./keys.js";
import { dropZone } from "./pdf.js";
import { reportDeeds } from "./report_deeds.js";
import { loaded, outbox, say } from "./shell.js";

const page = byId("page");
let rows = [];
let mayNote = true;
const only = h("select", { id: "only" }, h("option", { value: "" }, "All"));
const words = h("input", { id: "words", type: "search", autocomplete: "off" });
const list = h("div", {});

const stateOf = (row) => row.waits_for ?? row.classification ?? row.retrieval ?? "pending";
const STATES = {
  order: "To be ordered",
  delivery: "Ordered, not here yet",
  answer: "Authors asked",
  "answer of the authors": "Authors asked",
  translation: "Translation wanted",
  classification: "Awaiting classification",
  "the end of the study": "Ongoing study",
  retrieved: "Here",
  not_retrieved: "Cannot be had",
};
const stateWords = (row) => STATES[stateOf(row)] ?? inWords(stateOf(row));
const detail = (row) =>
  [
    ["PMID", row.pmid],
    ["Ordered", told(row.ordered_from, row.ordered_by, row.ordered_on)],
    ["Authors asked", told(row.authors_asked_on && day(row.authors_asked_on), row.authors_asked_by)],
    ["Cannot be had", row.not_retrieved_reason],
    ["Language", row.language && `${row.language}${row.translation_wanted ? ", translation wanted" : ""}`],
    [row.classification && inWords(row.classification), row.classification_reason],
  ].filter(([name, value]) => name && value);

/** First author, journal, year, as a library asks for them. */
function source(row) {
  const names = String(row.authors ?? "").split(/;\s*/).filter(Boolean);
  const authors = names.length > 3 ? `${names[0]} and ${names.length - 1} more` : names.join("; ");
  const issue = [row.volume, row.issue ? `(${row.issue})` : ""].filter(Boolean).join("");
  const place = [issue, row.pages].filter(Boolean).join(":");
  return [authors, row.journal, row.year, place].filter(Boolean).join(" · ");
}

const told = (what, who, on) => [what, who && `by ${who}`, on && `on ${day(on)}`].filter(Boolean).join(" ");
const day = (value) => String(value).slice(0, 10);

async function load() {
  const [answer, me] = await Promise.all([get("/api/reports"), get("/api/me")]);
  mayNote = me.may?.handle_reports ?? true;
  return answer.rows;
}

function show(found) {
  rows = found;
  const states = [...new Set(rows.map(stateOf))];
  const chosen = only.value;
  fill(only, h("option", { value: "" }, `All (${rows.length})`), states.map((state) => h("option", { value: state }, `${STATES[state] ?? inWords(state)} (${rows.filter((row) => stateOf(row) === state).length})`)));
  only.value = states.includes(chosen) ? chosen : "";
  fill(page, rows.length ? h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, h("label", { for: "words" }, "Words", words), h("label", { for: "only" }, "Show", only)) : null, list);
  paint();
}

function paint() {
  const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row) => {
    const text = [row.title, row.authors, row.journal, row.year, row.pmid, row.doi].join(" ").toLowerCase();
    return asked.every((word) => text.includes(word));
  };
  const shown = rows.filter((row) => (!only.value || stateOf(row) === only.value) && fits(row));
  fill(
    list,
    h("p", { class: "quiet" }, shown.length ? counted(shown.length, "report") : rows.length ? "No report fits." : "No report is to be had yet. Records that are included at title and abstract come here."),
    h("ul", { class: "list" }, shown.map(item)),
  );
}

function item(row) {
  const record = row.record_id;
  const file = row.file_sha256 && row.file_kept !== false ? h("a", { href: `${prefix}/full-texts/${row.file_sha256}`, target: "_blank", rel: "noopener" }, row.file_name || "PDF") : null;
  const form = h("div", { hidden: true });
  const open = h("button", { type: "button", "aria-expanded": "false" }, "Note down …");
  open.addEventListener("click", () => {
    if (!form.firstChild) form.append(reportDeeds(record, { done: (said) => (say(said), later()) }));
    form.hidden = !form.hidden;
    open.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) form.querySelector("select").focus();
  });
  return h(
    "li",
    {},
    h("div", { class: "head" }, h("h2", {}, h("a", { href: `${prefix}/records/${encodeURIComponent(record)}?stage=full_text` }, row.title || record)), h("span", { class: "verdict" }, stateWords(row))),
    h("p", { class: "quiet" }, source(row)),
    h("p", { class: "quiet" }, [...detail(row).map(([name, value]) => `${name}: ${value}`)].filter(Boolean).join(" · ")),
    file ? h("p", {}, file) : null,
    mayNote ? h("div", { class: "deeds" }, open, dropZone(record, "Drop the PDF here or", () => void reload())) : null,
    form,
  );
}

const reload = () => loaded(list, load, show);
// the note goes out first, then the list is asked for again
const later = () => outbox.addEventListener("sent", () => outbox.deeds.length || void reload(), { once: true });

only.addEventListener("change", paint);
words.addEventListener("input", paint);
onKeys({ "/": () => words.focus() });
await loaded(page, load, show);
