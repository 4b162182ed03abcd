/** Search and filter of the records; nothing of the others is in it. */

import { address, get, prefix } from "./api.js";
import { verdictMark } from "./card.js";
import { announce, byId, counted, fill, h } from "./dom.js";
import { onKeys } from "./keys.js";
import { loaded } from "./shell.js";

const PAGE = 50;
const STAGES = [["title_abstract", "Title and abstract"], ["full_text", "Full text"]];
const OWN = [["any", "Any"], ["undecided", "Undecided"], ["exclude", "Exclude"], ["unsure", "Unsure"], ["include", "Include"]];

const asked = new URLSearchParams(location.search);
const page = byId("page");
const found = h("div", { id: "found" });
const words = h("input", { id: "words", name: "words", type: "search", value: asked.get("words") ?? "", autocomplete: "off" });
const stage = choice("stage", STAGES);
const own = choice("own", OWN);
const label = h("select", { id: "label", name: "label" }, h("option", { value: "" }, "Any"));

function choice(name, options) {
  const select = h("select", { id: name, name }, options.map(([value, said]) => h("option", { value }, said)));
  if (asked.has(name)) select.value = asked.get(name);
  return select;
}

const field = (said, input) => h("label", { for: input.id }, said, input);

function questions() {
  return { words: words.value.trim(), stage: stage.value, own: own.value, label: label.value, offset: Number(asked.get("offset") ?? 0) };
}

function search({ offset = 0 } = {}) {
  asked.set("offset", offset);
  const { words: said, ...rest } = questions();
  history.replaceState(null, "", address("/records", { words: said, ...rest, offset: offset || null }));
  return loaded(found, () => get("/api/records", { ...questions(), limit: PAGE }), show);
}

function show(answer) {
  const { offset } = questions();
  const link = (row) => `${prefix}/records/${encodeURIComponent(row.record_id)}?stage=${stage.value}`;
  fill(
    found,
    h("h2", { class: "quiet", tabindex: "-1" }, counted(answer.total, "record")),
    h(
      "ul",
      { class: "list" },
      answer.rows.map((row) =>
        h(
          "li",
          {},
          h("div", { class: "head" }, h("h3", {}, h("a", { href: link(row) }, row.title || "(no title)")), verdictMark(row.own_verdict)),
          h(
            "p",
            { class: "quiet" },
            [row.journal, row.year].filter(Boolean).join(" · "),
            " ",
            (row.labels ?? []).map((one) => h("span", { class: "tag" }, typeof one === "string" ? one : one.label)),
          ),
        ),
      ),
    ),
    answer.rows.length ? null : h("p", {}, "No record fits."),
    h(
      "div",
      { class: "pages-line" },
      offset > 0 ? h("button", { type: "button", onclick: () => turn(offset - PAGE) }, "Earlier") : null,
      answer.total > PAGE ? h("span", { class: "quiet" }, `${offset + 1}–${Math.min(offset + PAGE, answer.total)} of ${answer.total.toLocaleString("en")}`) : null,
      offset + PAGE < answer.total ? h("button", { type: "button", onclick: () => turn(offset + PAGE) }, "Later") : null,
    ),
  );
  announce(counted(answer.total, "record"));
}

async function turn(offset) {
  await search({ offset: Math.max(0, offset) });
  found.querySelector("h2")?.focus();
  scrollTo(0, 0);
}

fill(
  page,
  h(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => (event.preventDefault(), void search()) },
    field("Words", words),
    field("Stage", stage),
    field("My verdict", own),
    field("Label", label),
    h("button", {}, "Search"),
  ),
  found,
);
for (const select of [stage, own, label]) select.addEventListener("change", () => void search());
onKeys({ "/": () => words.focus() });

try {
  const answer = await get("/api/labels");
  const list = Array.isArray(answer) ? answer : (answer.labels ?? answer.rows ?? []);
  for (const one of list) {
    const name = typeof one === "string" ? one : one.label;
    label.append(h("option", { value: name }, name));
  }
  if (asked.has("label")) label.value = asked.get("label");
} catch (problem) {
  if (!problem.kind) throw problem;
}
await search({ offset: Number(asked.get("offset") ?? 0) });
