/** Conflicts: both sides beside each other, and one word that settles it. */

import { get, newId } from "./api.js";
import { paintAdjudications, paintCard, shortTitle, verdictMark } from "./card.js";
import { protocol as theProtocol } from "./criteria.js";
import { announce, byId, counted, fill, h, inWords, when } from "./dom.js";
import { Drafts } from "./drafts.js";
import { meant, onKeys, recordChanged } from "./keys.js";
import { loaded, outbox, say } from "./shell.js";

const page = byId("page");
let rows = []; // the first of them: hundreds may be open
let total = 0;
let at = 0;
let protocol = null;
let resolves = false;
const given = []; // what was settled on this page, newest last
const drafts = new Drafts("adjudication");

async function load() {
  const [conflicts, criteria, me] = await Promise.all([get("/api/conflicts"), theProtocol(), get("/api/me")]);
  protocol = criteria;
  resolves = me.may?.resolve ?? false;
  const waiting = new Set(outbox.deeds.filter((deed) => deed.path === "/api/adjudications").map((deed) => `${deed.body.record} ${deed.body.stage}`));
  const found = conflicts.rows.map((row) => ({ ...row.card, stage: row.stage, sides: row.sides }));
  const open = found.filter((row) => !waiting.has(`${row.record} ${row.stage}`));
  total = conflicts.total - (found.length - open.length);
  return open;
}

function show(found) {
  if (found) rows = found;
  recordChanged();
  at = Math.max(0, Math.min(at, rows.length - 1));
  const row = rows[at];
  if (!row) {
    fill(page, h("p", {}, resolves ? "No conflict waits." : "No conflict is open to you."), given.length ? h("div", { class: "deeds" }, undoButton()) : null);
    return;
  }
  const label = (code) => protocol.reasons.find((one) => one.code === code)?.label ?? code;
  fill(
    page,
    h(
      "div",
      { class: "row" },
      h("p", { class: "quiet", id: "place" }, `Conflict ${at + 1} of ${total} · ${inWords(row.stage)}`),
      h("button", { type: "button", onclick: () => step(-1), disabled: at === 0, "aria-keyshortcuts": "k" }, "Earlier ", h("kbd", { "aria-hidden": "true" }, "k")),
      h("button", { type: "button", onclick: () => step(1), disabled: at === rows.length - 1, "aria-keyshortcuts": "j" }, "Later ", h("kbd", { "aria-hidden": "true" }, "j")),
    ),
    h(
      "div",
      { class: "two" },
      h("div", {}, paintCard(row, { level: "h2" }), paintAdjudications(row.adjudications, protocol)),
      h(
        "div",
        { class: "aside" },
        h("div", { class: "sides" }, row.sides.map((side) => oneSide(side, label))),
        resolves ? settling(row) : h("p", { class: "quiet" }, "An adjudicator or the owner settles it."),
      ),
    ),
  );
}

const oneSide = (side, label) =>
  h(
    "section",
    { class: "side" },
    h("h2", {}, side.reviewer),
    h("p", {}, verdictMark(side.verdict), side.reason ? ` ${label(side.reason)}` : ""),
    side.note ? h("p", {}, `“${side.note}”`) : null,
    h("p", { class: "quiet" }, when(side.decided_at)),
  );

function settling(row) {
  const note = h("input", { id: "note", maxlength: "2000", autocomplete: "off", value: drafts.get(`${row.record}/${row.stage}`) ?? "" });
  note.addEventListener("input", () => drafts.set(`${row.record}/${row.stage}`, note.value));
  return h(
    "section",
    { "aria-label": "Settle" },
    h("div", { class: "field" }, h("label", { for: "note" }, "Note (why)"), note),
    h(
      "div",
      { class: "deeds" },
      row.stage === "full_text" ? null : button("exclude", "e", (event) => settle("exclude", null, event)),
      button("include", "i", (event) => settle("include", null, event)),
      isJudged(row) ? button("reopened", "r", (event) => settle("reopened", null, event), "Ask both again") : null,
      given.length ? undoButton() : null,
    ),
    h("h3", {}, "Exclude because"),
    h(
      "ol",
      { class: "choices" },
      protocol.reasons.map((reason) =>
        h("li", {}, h("button", { type: "button", "aria-keyshortcuts": reason.key, onclick: (event) => settle("exclude", reason.code, event) }, h("kbd", { "aria-hidden": "true" }, reason.key ?? "·"), h("span", {}, reason.label))),
      ),
    ),
  );
}

/** Only what somebody settled can be given back: a conflict is with its reviewers already. */
const isJudged = (row) => (row?.adjudications ?? []).some((one) => one.verdict !== "reopened");

const undoButton = () => h("button", { type: "button", onclick: (event) => takeBack(event), "aria-keyshortcuts": "z" }, "Undo ", h("kbd", { "aria-hidden": "true" }, "z"));

const button = (verdict, key, deed, words = inWords(verdict)) =>
  h("button", { type: "button", class: verdict, onclick: deed, "aria-keyshortcuts": key }, words, " ", h("kbd", { "aria-hidden": "true" }, key));

function settle(verdict, reason = null, event = null) {
  const row = rows[at];
  if (!row || !resolves || !meant(event)) return;
  if (verdict === "reopened" && !isJudged(row)) return;
  if (verdict === "exclude" && row.stage === "full_text" && !reason) return say("At full text an exclusion needs a reason: press its number.");
  const body = { id: newId(), record: row.record, stage: row.stage, verdict };
  const note = byId("note").value.trim();
  if (reason) body.reason = reason;
  if (note) body.note = note;
  outbox.put("/api/adjudications", body, `${inWords(verdict).toLowerCase()} on “${shortTitle(row)}”`);
  drafts.delete(`${row.record}/${row.stage}`);
  if (verdict !== "reopened") given.push({ row, verdict, note });
  rows.splice(at, 1);
  total -= 1;
  if (!rows.length && total > 0) void loaded(page, load, show);
  else show();
  page.querySelector(".title")?.focus({ preventScroll: true });
  scrollTo(0, 0);
  say(`${inWords(verdict)}: “${shortTitle(row)}”. ${counted(total, "conflict")} left.`);
}

/** The last word on this page is taken back: the record is with its reviewers again, and so before the adjudicator. */
function takeBack(event = null) {
  if (!resolves || !meant(event)) return;
  const last = given.pop();
  if (!last) return say("Nothing was settled on this page. The page of a record offers to reopen it.");
  const { row, verdict, note } = last;
  const body = { id: newId(), record: row.record, stage: row.stage, verdict: "reopened" };
  outbox.put("/api/adjudications", body, `taking back ${verdict} on “${shortTitle(row)}”`);
  if (note) drafts.set(`${row.record}/${row.stage}`, note);
  rows = [row, ...rows.filter((one) => !(one.record === row.record && one.stage === row.stage))];
  at = 0;
  total += 1;
  show();
  page.querySelector(".title")?.focus({ preventScroll: true });
  scrollTo(0, 0);
  say(`Taken back: ${verdict} on “${shortTitle(row)}”.`);
}

function step(way) {
  at += way;
  show();
  page.querySelector(".title")?.focus({ preventScroll: true });
  announce(`Conflict ${at + 1} of ${total}`);
}

outbox.addEventListener("refused", (event) => {
  const { path, body } = event.detail.deed;
  const refused = given.findIndex(({ row }) => row.record === body.record && row.stage === body.stage);
  if (path === "/api/adjudications" && body.verdict !== "reopened" && refused >= 0) given.splice(refused, 1);
  if (path === "/api/adjudications") void loaded(page, load, show);
});
onKeys(
  {
    i: () => settle("include"),
    e: () => settle("exclude"),
    r: () => settle("reopened"),
    z: () => takeBack(),
    n: () => byId("note")?.focus(),
    j: () => at < rows.length - 1 && step(1),
    k: () => at > 0 && step(-1),
    o: () => page.querySelector(".links a[href]")?.click(),
    ...Object.fromEntries(
      [..."1234567890"].map((key) => [
        key,
        () => {
          const reason = protocol?.reasons.find((one) => one.key === key);
          if (reason) settle("exclude", reason.code);
        },
      ]),
    ),
  },
  { held: ["j", "k"] },
);
page.addEventListener("keydown", (event) => {
  if (event.key === "Escape") page.querySelector(".title")?.focus({ preventScroll: true });
});
await loaded(page, load, show);
