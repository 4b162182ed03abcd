/** Calibration rounds: open, screened by everybody, talked over, closed. */

import { get, newId, post } from "./api.js";
import { byId, counted, fill, h, inWords, table, when } from "./dom.js";
import { loaded, say, sayProblem } from "./shell.js";

const page = byId("page");
let leads = false;

async function load() {
  const [answer, me] = await Promise.all([get("/api/calibration"), get("/api/me")]);
  leads = me.may?.calibrate ?? false;
  return answer.rounds ?? answer.rows ?? [];
}

const figure = (value) => (value === null || value === undefined ? "–" : Number(value).toFixed(2).replace("-", "−"));

function show(rounds) {
  fill(
    page,
    leads && !rounds.some(isOpen) ? opening() : null,
    rounds.length ? rounds.map(round) : h("p", {}, "No round yet."),
    h("p", { class: "quiet" }, "Decisions of a round count for the records; they are kept out of the main kappa."),
  );
}

const isOpen = (one) => one.open ?? !one.closed_at;

function round(one) {
  const records = Array.isArray(one.records) ? one.records.length : one.records;
  const pairs = one.pairs ?? one.agreement ?? [];
  const people = one.decided ?? one.progress ?? null;
  return h(
    "section",
    {},
    h("h2", {}, `${inWords(one.stage)}, ${counted(records ?? 0, "record")}`),
    h("p", {}, isOpen(one) ? "Open" : `Closed ${when(one.closed_at)}`, one.opened_at ? `, opened ${when(one.opened_at)}` : "", one.criteria_version ? `, criteria version ${one.criteria_version}` : "", "."),
    people && typeof people === "object" ? h("p", { class: "quiet" }, Object.entries(people).map(([name, done]) => `${name}: ${done}`).join(" · ")) : null,
    one.note ? h("p", {}, `“${one.note}”`) : null,
    pairs.length
      ? table(
          "Agreement in this round",
          [
            { key: "pair", words: "Reviewers", show: (row) => `${row.reviewer_1} and ${row.reviewer_2}` },
            { key: "n", words: "Records", number: true },
            { key: "observed", words: "Raw", number: true, show: (row) => figure(row.observed) },
            { key: "kappa", words: "κ", number: true, show: (row) => figure(row.kappa) },
            { key: "ac1", words: "AC1", number: true, show: (row) => figure(row.ac1) },
          ],
          pairs,
        )
      : h("p", { class: "quiet" }, "Agreement is shown once everybody has decided on all of them."),
    leads && isOpen(one) ? closing() : null,
  );
}

function opening() {
  const records = h("input", { id: "records", type: "number", min: "1", max: "1000", placeholder: "as the protocol says" });
  return h("form", { class: "filters", onsubmit: (event) => send(event, { deed: "open", ...(records.value ? { records: Number(records.value) } : {}) }) }, h("label", { for: "records" }, "Records", records), h("button", {}, "Open a round"));
}

function closing() {
  const note = h("input", { id: "close-note", maxlength: "2000" });
  return h("form", { class: "filters", onsubmit: (event) => send(event, { deed: "close", ...(note.value ? { note: note.value } : {}) }) }, h("label", { for: "close-note" }, "What came of it", note), h("button", {}, "Close the round"));
}

async function send(event, body) {
  event.preventDefault();
  try {
    await post("/api/calibration", { id: newId(), ...body });
    say(body.deed === "open" ? "The round is open." : "The round is closed.");
    await loaded(page, load, show);
  } catch (problem) {
    if (!problem.kind) throw problem;
    sayProblem(problem, "Not done");
  }
}

await loaded(page, load, show);
