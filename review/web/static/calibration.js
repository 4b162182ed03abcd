/** Calibration rounds: open, screened by everybody, talked over, closed. */

import { get, newId, post, prefix } from "./api.js";
import { verdictMark } from "./card.js";
import { byId, counted, fill, h, inWords, table, when } from "./dom.js";
import { loaded, say, sayProblem } from "./shell.js";

const page = byId("page");
let leads = false;

async function load() {
  const [answer, me] = await Promise.all([get("/api/calibration"), get("/api/me")]);
  leads = me.may?.calibrate ?? false;
  return answer.rounds;
}

const figure = (value) => (value === null || value === undefined ? "–" : Number(value).toFixed(2).replace("-", "−"));

function show(rounds) {
  fill(
    page,
    leads && !rounds.some((one) => one.open) ? opening() : null,
    rounds.length ? rounds.map(round) : h("p", {}, "No round yet."),
    h("p", { class: "quiet" }, "Decisions of a round count for the records; they are kept out of the main kappa."),
  );
}

function round(one) {
  return h(
    "section",
    {},
    h("h2", {}, `${inWords(one.stage)}, ${counted(one.records, "record")}`),
    h("p", {}, one.open ? "Open" : `Closed ${when(one.closed_at)}`, ` for ${one.reviewers.join(", ")}, opened ${when(one.opened_at)} by ${one.opened_by}, criteria version ${one.criteria_version}`, one.closing_criteria_version && one.closing_criteria_version !== one.criteria_version ? ` (amended to ${one.closing_criteria_version})` : "", "."),
    one.own === null ? null : h("p", {}, `You have decided on ${one.own} of ${one.records}. `, one.open && one.own < one.records ? h("a", { href: `${prefix}/screen?stage=${one.stage}` }, "Go on") : null),
    one.note ? h("p", {}, `“${one.note}”`) : null,
    one.pairs?.length
      ? table(
          "Agreement in this round",
          [
            { key: "pair", words: "Reviewers", show: (row) => `${row.reviewer_1} and ${row.reviewer_2}` },
            { key: "n", words: "Records", number: true },
            { key: "observed", words: "Raw", number: true, show: (row) => figure(row.observed) },
            { key: "kappa", words: "κ", number: true, show: (row) => figure(row.kappa) },
            { key: "ac1", words: "AC1", number: true, show: (row) => figure(row.ac1) },
          ],
          one.pairs,
        )
      : h("p", { class: "quiet" }, "Agreement is shown once everybody has decided on all of them."),
    one.differences?.length ? differences(one) : null,
    leads && one.open ? closing(one) : null,
  );
}

function differences(one) {
  return h(
    "section",
    {},
    h("h3", {}, "To talk over"),
    h(
      "ul",
      { class: "list" },
      one.differences.map((row) =>
        h(
          "li",
          {},
          h("a", { href: `${prefix}/records/${encodeURIComponent(row.record)}?stage=${one.stage}` }, row.title || row.record),
          row.sides.map((side) => h("p", {}, `${side.reviewer}: `, verdictMark(side.verdict), side.reason ? ` ${side.reason}` : "", side.note ? ` “${side.note}”` : "")),
        ),
      ),
    ),
  );
}

function opening() {
  const records = h("input", { id: "records", type: "number", min: "1", max: "1000", placeholder: "as the protocol says" });
  return h("form", { class: "filters", onsubmit: (event) => send(event, { deed: "open", ...(records.value ? { records: Number(records.value) } : {}) }) }, h("label", { for: "records" }, "Records", records), h("button", {}, "Open a round"));
}

function closing(one) {
  const unfinished = h("input", { id: "unfinished", type: "checkbox" });
  const note = h("input", { id: "close-note", maxlength: "2000" });
  return h("form", { class: "filters", onsubmit: (event) => send(event, { deed: "close", ...(note.value ? { note: note.value } : {}), ...(unfinished.checked ? { unfinished: true } : {}) }) }, h("label", { for: "close-note" }, "What came of it", note), one.finished ? null : h("label", { class: "tick", for: "unfinished" }, unfinished, "Close it although not everybody has finished: its agreement is never shown"), h("button", {}, "Close the round"));
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
