/** Where screening stands; asked for again while somebody looks. */

import { get, prefix } from "./api.js";
import { byId, counted, fill, h, inWords, table } from "./dom.js";
import { troubleOf } from "./shell.js";

const SECONDS = 30;
const page = byId("page");
let blind = false;
const share = (value) => (value === null || value === undefined ? null : `${(100 * value).toFixed(1)} %`);
const figure = (value) => (value === null || value === undefined ? null : value.toFixed(2).replace("-", "−"));
const missing = (value) => value === null || value === undefined;
const interval = (row, name) => {
  if (missing(row[name])) return "not defined";
  if (missing(row[`${name}_lo`]) || missing(row[`${name}_hi`])) return `${figure(row[name])} (interval not defined)`;
  return `${figure(row[name])} (${figure(row[`${name}_lo`])} to ${figure(row[`${name}_hi`])})`;
};
const number = (key, words) => ({ key, words, number: true });
const stage = { key: "stage", words: "Stage", show: (row) => inWords(row.stage) };

const AGREEMENT = [
  stage,
  { key: "pair", words: "Reviewers", show: (row) => `${row.reviewer_1} and ${row.reviewer_2}` },
  number("n", "Records both saw"),
  { key: "observed", words: "Raw agreement", number: true, show: (row) => share(row.observed) },
  { key: "kappa", words: "Cohen's κ (95 % CI)", number: true, show: (row) => interval(row, "kappa") },
  { key: "pabak", words: "PABAK (95 % CI)", number: true, show: (row) => interval(row, "pabak") },
  { key: "ac1", words: "Gwet's AC1 (95 % CI)", number: true, show: (row) => interval(row, "ac1") },
  { key: "positive", words: "On includes", number: true, show: (row) => share(row.positive) },
  { key: "negative", words: "On excludes", number: true, show: (row) => share(row.negative) },
];

const OWED = "A record that waits for several people counts for each of them: the rows overlap, and their sum is more than what waits.";

const PARTS = [
  { path: "/api/progress", heading: "Progress", columns: [stage, { key: "what", words: "What", show: (row) => inWords(row.what) }, number("records", "Records")] },
  { path: "/api/owed", heading: "Who still owes a decision", columns: [{ key: "reviewer", words: "Reviewer" }, stage, number("records", "Records")], empty: "Nobody owes a decision.", lead: OWED },
  {
    path: "/api/agreement",
    heading: "Agreement",
    columns: AGREEMENT,
    empty: "No record has been seen by two yet.",
    lead: "Only decisions given blind count, and calibration rounds are kept apart. κ misleads where one verdict is rare: read it beside the agreement on includes and on excludes.",
  },
  {
    path: "/api/pace",
    heading: "Pace",
    columns: [{ key: "reviewer", words: "Reviewer" }, stage, { key: "day", words: "Day" }, number("decisions", "Decisions"), { key: "median_seconds", words: "Median seconds between two", number: true, show: (row) => seconds(row) }],
    empty: "No decision yet.",
  },
];

function seconds(row) {
  const value = row.median_seconds ?? null;
  return value === null ? null : Number(value).toFixed(1);
}

const sections = new Map();
for (const part of [...PARTS, { path: "/api/calibration", heading: "Calibration" }, { path: "/api/flow", heading: "PRISMA flow" }]) {
  sections.set(part.path, h("div", {}, h("p", { class: "quiet" }, "Loading …")));
}

function frame() {
  const block = (path, heading, lead) => h("section", {}, h("h2", {}, heading), lead ? h("p", { class: "lead" }, lead) : null, sections.get(path));
  fill(page, PARTS.map((part) => block(part.path, part.heading, part.lead)), block("/api/calibration", "Calibration"), block("/api/flow", "PRISMA flow"));
}

async function refresh(path, show) {
  const place = sections.get(path);
  try {
    const answer = await get(path);
    const text = JSON.stringify(answer);
    // what has not changed is not painted again: a reader's place in it would be lost
    if (place.dataset.shown !== text) fill(place, show(answer), withheld(path) && h("p", { class: "quiet" }, withheld(path)));
    place.dataset.shown = text;
  } catch (problem) {
    if (!problem.kind) throw problem;
    delete place.dataset.shown;
    fill(place, h("p", { class: problem.status === 403 ? "quiet" : "trouble" }, troubleOf(problem)));
  }
}

const flow = (answer) =>
  table(
    answer.title ?? "Flow",
    [
      { key: "box", words: "Box" },
      { key: "label", words: "What", show: (row) => (row.source ? `${row.label}: ${row.source}` : row.label) },
      { key: "n", words: "Number", number: true, show: (row) => (row.status === "counted" && row.n !== null ? row.n.toLocaleString("en") : row.status) },
    ],
    answer.rows,
    { headed: true },
  );

/** What a reviewer of a blind review is not told, and until when. */
const withheld = (path) => (blind ? WITHHELD[path] : null);
const WITHHELD = {
  "/api/progress": "You screen blind: how far the others are is hidden until the stage is settled.",
  "/api/owed": "You screen blind: what the others owe is hidden.",
  "/api/agreement": "You screen blind: only pairs that you belong to are shown.",
  "/api/pace": "You screen blind: only your own pace is shown.",
  "/api/flow": "You screen blind: counts of screening are hidden until the stage is settled.",
};
const calibration = ({ rounds }) =>
  rounds.length
    ? h("ul", {}, rounds.map((one) => h("li", {}, h("a", { href: `${prefix}/calibration` }, `${inWords(one.stage)}, ${counted(one.records, "record")}`), ` ${one.open ? (one.finished ? "everybody has finished" : "is open") : "is closed"}${one.own === null ? "" : `; you have decided on ${one.own}`}.`)))
    : h("p", {}, "No calibration round yet.");

async function all() {
  await Promise.all([
    ...PARTS.map((part) => refresh(part.path, (answer) => table(part.heading, part.columns, answer.rows, { empty: part.empty, headed: true }))),
    refresh("/api/calibration", calibration),
    refresh("/api/flow", flow),
  ]);
}

frame();
try {
  blind = (await get("/api/me")).blind;
} catch (problem) {
  if (!problem.kind) throw problem;
}
await all();
setInterval(() => document.visibilityState === "visible" && void all(), SECONDS * 1000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void all());
