/** Paints a record: the same on every page, from text alone. */

import { fill, h, inWords, when } from "./dom.js";

/** Pieces [[text, kind]] with the protocol's words marked: by line as well as by colour. */
export function marked(parts) {
  return (parts ?? []).map(([text, kind]) => (kind ? h("mark", { class: kind }, text) : text));
}

/** The title in one string. */
export const titleOf = (card) =>
  (Array.isArray(card.title) ? card.title.map(([text]) => text).join("") : card.title) || "(no title)";

/** The first *most* characters of the title, for messages. */
export function shortTitle(card, most = 60) {
  const words = titleOf(card);
  return words.length > most ? `${words.slice(0, most - 1).trimEnd()}…` : words;
}

/** A link elsewhere: a new tab that learns nothing of this one. Only http and https are followed. */
export function outside(url, words) {
  if (!/^https?:\/\//i.test(url ?? "")) return words;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** The whole record as an article; the heading can take the focus. */
export function paintCard(card, { level = "h1", id = null } = {}) {
  return h(
    "article",
    { class: "record", "data-record": card.record },
    warnings(card),
    h("p", { class: "source" }, source(card)),
    h(level, { class: "title", tabindex: "-1", id }, card.title?.length ? marked(card.title) : "(no title)"),
    card.authors ? h("p", { class: "authors" }, shortened(card.authors)) : null,
    links(card),
    abstract(card, level === "h1" ? "h2" : "h3"),
    more(card),
  );
}

function warnings(card) {
  const said = (card.notices ?? []).map((notice) => (typeof notice === "string" ? notice : words(notice)));
  if (!card.retracted && !said.length) return null;
  return h(
    "div",
    { class: card.retracted ? "warning retracted" : "warning", role: "note" },
    card.retracted ? h("p", {}, h("strong", {}, "Retracted. "), "This publication was taken back.") : null,
    said.map((line) => h("p", {}, line)),
  );
}

const words = (row) =>
  [row.kind && inWords(row.kind), row.words, row.noticed_on ?? row.date].filter(Boolean).join(": ");

function source(card) {
  const issue = [card.volume, card.issue ? `(${card.issue})` : ""].filter(Boolean).join("");
  const place = [issue, card.pages].filter(Boolean).join(":");
  return [
    card.journal ? h("cite", {}, card.journal) : null,
    card.journal && card.year ? " · " : null,
    card.year ? String(card.year) : null,
    place ? ` · ${place}` : null,
    (card.publication_types ?? []).length ? h("span", { class: "types" }, ` · ${card.publication_types.join(", ")}`) : null,
  ];
}

const MANY_AUTHORS = 8;

function shortened(authors) {
  const names = Array.isArray(authors) ? authors : String(authors).split(/;\s*/);
  if (names.length <= MANY_AUTHORS) return names.join("; ");
  return h(
    "details",
    {},
    h("summary", {}, `${names.slice(0, 3).join("; ")} and ${names.length - 3} more`),
    names.slice(3).join("; "),
  );
}

function links(card) {
  const list = (card.addresses ?? []).map((place) => h("li", {}, outside(place.url, place.label)));
  const related = (card.links ?? []).map((link) =>
    h("li", {}, link.words ?? inWords(link.kind), link.record ? ` (${link.record})` : ""),
  );
  if (!list.length && !related.length) return null;
  return h("ul", { class: "links", "aria-label": "Links of this record" }, list, related);
}

function abstract(card, level) {
  const parts = card.abstract ?? [];
  if (!parts.length) return h("p", { class: "abstract quiet" }, "No abstract came with this record.");
  return h(
    "div",
    { class: "abstract" },
    parts.map((part) =>
      part.label
        ? h("section", {}, h(level, {}, sentenceCase(part.label)), h("p", {}, marked(part.parts)))
        : h("p", {}, marked(part.parts)),
    ),
  );
}

// labels come in capitals; a screen reader would spell them, and they shout
const sentenceCase = (label) =>
  label === label.toUpperCase() ? label.charAt(0) + label.slice(1).toLowerCase() : label;

function more(card) {
  const rows = [
    ["MeSH", card.mesh],
    ["Keywords", card.keywords],
    ["Registered", card.registry_ids],
    ["PMID", card.pmid],
    ["DOI", card.doi],
    ["Record", card.record],
  ].filter(([, value]) => (Array.isArray(value) ? value.length : value));
  return h(
    "dl",
    { class: "more" },
    rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, Array.isArray(value) ? value.join(" · ") : value))),
  );
}

/** What was said about the record: a list of decisions that this person may see. */
export function paintDecisions(decisions, heading = "Decisions") {
  if (!decisions?.length) return null;
  return h(
    "section",
    { class: "decisions" },
    h("h2", {}, heading),
    h("ul", {}, decisions.map((row) => h("li", {}, verdictMark(row.verdict), " ", decisionWords(row)))),
  );
}

function decisionWords(row) {
  return [
    row.reviewer ? `${row.reviewer}` : "",
    row.stage ? `${inWords(row.stage).toLowerCase()}` : "",
    row.reason ? `reason: ${row.reason}` : "",
    row.note ? `“${row.note}”` : "",
    when(row.decided_at),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What adjudicators said: *deed*(row) is what can be done about it. */
export function paintAdjudications(rows, protocol, { deed = () => null } = {}) {
  if (!rows?.length) return null;
  const label = (code) => protocol.reasons.find((one) => one.code === code)?.label ?? code;
  const words = (row) =>
    [
      `${row.decided_by}${row.mine ? " (you)" : ""}`,
      inWords(row.stage).toLowerCase(),
      row.reason ? label(row.reason) : "",
      row.note ? `“${row.note}”` : "",
      when(row.decided_at),
    ].filter(Boolean);
  return h(
    "section",
    { class: "decisions" },
    h("h2", {}, "Adjudicated"),
    h("ul", {}, rows.map((row) => h("li", { class: "row" }, h("span", {}, verdictMark(row.verdict), " ", words(row).join(" · ")), deed(row)))),
  );
}

const SIGNS = { include: "✓", exclude: "✕", unsure: "?", reopened: "↺", withdrawn: "↺", conflict: "≠" };

/** A verdict as a small mark: sign, word and colour. */
export function verdictMark(verdict) {
  if (!verdict) return h("span", { class: "verdict none" }, "Undecided");
  return h(
    "span",
    { class: `verdict ${verdict}` },
    h("span", { "aria-hidden": "true" }, `${SIGNS[verdict] ?? "·"} `),
    inWords(verdict),
  );
}

/** Labels as small tags. */
export function paintLabels(place, labels) {
  return fill(
    place,
    (labels ?? []).map((one) => h("span", { class: "tag" }, typeof one === "string" ? one : one.label)),
  );
}
