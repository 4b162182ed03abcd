/** A SELECT and its rows, for analysts. */

import { post } from "./api.js";
import { announce, byId, counted, fill, h, table } from "./dom.js";
import { sayProblem } from "./shell.js";

const page = byId("page");
const sql = h("textarea", { id: "sql", class: "sql", spellcheck: "false", autocapitalize: "off" }, "select * from v1.evidence_by_condition");
const result = h("div", {});
const views = h("details", { class: "box" }, h("summary", {}, "Views"), h("p", { class: "quiet" }, "Loading …"));
const VIEWS = "select distinct view_name, view_comment from v1.data_dictionary order by view_name";

let turn = Promise.resolve();

/** The review answers an analyst one question at a time. */
function asked(words) {
  const answer = turn.then(() => post("/api/query", { sql: words, limit: 1000 }));
  turn = answer.catch(() => {});
  return answer;
}

async function run(event) {
  event?.preventDefault();
  result.setAttribute("aria-busy", "true");
  fill(result, h("p", { class: "quiet" }, "Asking …"));
  try {
    const answer = await asked(sql.value);
    const columns = answer.columns.map((name, place) => ({ key: place, words: name, number: typeof answer.rows[0]?.[place] === "number", show: (row) => shown(row[place]) }));
    fill(result, table(counted(answer.rows.length, "row") + (answer.truncated ? ", more were left out" : ""), columns, answer.rows, { head: -1, empty: "No rows." }));
    announce(counted(answer.rows.length, "row"));
  } catch (problem) {
    if (!problem.kind) throw problem;
    fill(result, h("p", { class: "trouble", role: "alert" }, problem.said));
    if (problem.kind !== "refused") sayProblem(problem, "Not asked");
  } finally {
    result.removeAttribute("aria-busy");
  }
}

const shown = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

sql.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run(event);
});
fill(
  page,
  h("form", { onsubmit: run }, h("div", { class: "field" }, h("label", { for: "sql" }, "SQL (Ctrl+Enter runs it)"), sql), h("div", { class: "deeds" }, h("button", { class: "main" }, "Run"))),
  result,
  views,
);
views.addEventListener("toggle", async () => {
  if (!views.open || views.dataset.loaded) return;
  try {
    const answer = await asked(VIEWS);
    list(answer.rows.map(([name, comment]) => ({ name, comment })));
  } catch (problem) {
    if (!problem.kind) throw problem;
    fill(views, h("summary", {}, "Views"), h("p", { class: "trouble" }, problem.said));
  }
});

function list(rows) {
  views.dataset.loaded = "yes";
  const choose = (name) => {
    sql.value = `select * from v1.${name}`;
    sql.focus();
  };
  fill(
    views,
    h("summary", {}, "Views"),
    h("ul", { class: "list" }, rows.map((row) => h("li", {}, h("button", { type: "button", onclick: () => choose(row.name) }, `v1.${row.name}`), h("p", { class: "quiet" }, row.comment ?? "")))),
  );
}
