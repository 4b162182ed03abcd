/** The team: who is in, what is assigned, who owes what. */

import { get, newId, post } from "./api.js";
import { byId, counted, fill, h, inWords, table } from "./dom.js";
import { loaded, say, sayProblem } from "./shell.js";

const page = byId("page");

async function load() {
  const [assignments, owed] = await Promise.all([get("/api/assignments"), get("/api/owed")]);
  return { assignments, owed: owed.rows ?? [] };
}

function show({ assignments, owed }) {
  const { people, rows } = assignments;
  fill(
    page,
    people.length
      ? table("People", [{ key: "id", words: "Id" }, { key: "name", words: "Name" }, { key: "role", words: "Role", show: (row) => inWords(row.role) }, { key: "left", words: "Left on" }], people)
      : null,
    h("p", { class: "lead owed" }, "A record that waits for several people counts for each of them: the rows overlap, and their sum is more than what waits."),
    table("Who still owes a decision", [{ key: "reviewer", words: "Reviewer" }, { key: "stage", words: "Stage", show: (row) => inWords(row.stage) }, { key: "records", words: "Records", number: true }], owed, { empty: "Nobody owes a decision." }),
    table("Assigned", [{ key: "reviewer", words: "Reviewer" }, { key: "stage", words: "Stage", show: (row) => inWords(row.stage) }, { key: "assigned", words: "Assigned", number: true }, { key: "decided", words: "Decided", number: true }, { key: "waiting", words: "Waiting", number: true }], rows, { empty: "Nothing is assigned: everybody screens everything." }),
    assigning(),
    h("p", { class: "quiet" }, "That everybody screens everything takes back what is assigned and not yet decided. Who is on the team stands in review.toml; review reviewer invite ID makes a sign-in link."),
  );
}

function assigning() {
  const mode = h(
    "select",
    { id: "mode" },
    h("option", { value: "all" }, "Everybody screens everything"),
    h("option", { value: "split" }, "Each record to as many as the protocol asks"),
    h("option", { value: "double" }, "A share to two, the others to one"),
  );
  const share = h("input", { id: "share", type: "number", min: "0", max: "100", value: "100" });
  const stage = h("select", { id: "stage" }, h("option", { value: "title_abstract" }, "Title and abstract"), h("option", { value: "full_text" }, "Full text"));
  const shareField = h("label", { for: "share", hidden: true }, "Share, %", share);
  mode.addEventListener("change", () => {
    shareField.hidden = mode.value !== "double";
  });
  const submit = async (event) => {
    event.preventDefault();
    const body = { id: newId(), mode: mode.value, stage: stage.value };
    if (mode.value === "double") body.share = Number(share.value);
    try {
      const answer = await post("/api/assignments", body);
      say(typeof answer.records === "number" ? `Assigned: ${counted(answer.records, "record")}.` : "Assigned.");
      await loaded(page, load, show);
    } catch (problem) {
      if (!problem.kind) throw problem;
      sayProblem(problem, "Not assigned");
    }
  };
  return h(
    "section",
    {},
    h("h2", {}, "Assign"),
    h("form", { class: "filters", onsubmit: submit }, h("label", { for: "mode" }, "How", mode), shareField, h("label", { for: "stage" }, "Stage", stage), h("button", {}, "Assign")),
  );
}

await loaded(page, load, show);
