/** One record: what this person said of it, a change of mind, labels, the PDF, what is known of the report. */

import { get, moment, newId } from "./api.js";
import { paintAdjudications, paintCard, paintDecisions, shortTitle, verdictMark } from "./card.js";
import { protocol as theProtocol } from "./criteria.js";
import { announce, byId, fill, h, inWords } from "./dom.js";
import { Drafts } from "./drafts.js";
import { onKeys } from "./keys.js";
import { labelChips } from "./panels.js";
import { fullText } from "./pdf.js";
import { reportDeeds } from "./report_deeds.js";
import { loaded, outbox, say } from "./shell.js";
import { tell } from "./tabs.js";

const page = byId("page");
const stage = new URLSearchParams(location.search).get("stage") ?? "title_abstract";
const record = page.dataset.record;
const drafts = new Drafts(stage);
const heading = document.querySelector("main > h1");

async function load() {
  const [card, protocol, me] = await Promise.all([
    get(`/api/records/${encodeURIComponent(record)}`, { stage }),
    theProtocol(),
    get("/api/me"),
  ]);
  return { card, protocol, me };
}

function show({ card, protocol, me }) {
  heading.hidden = true;
  document.title = `${shortTitle(card)} · ${document.title.split(" · ").at(-1)}`;
  fill(
    page,
    h(
      "div",
      { class: "two" },
      h("div", {}, paintCard(card), paintDecisions((card.decisions ?? []).filter((row) => row.verdict)), fullText(card)),
      h(
        "div",
        { class: "aside" },
        adjudicated(card, protocol, me),
        me.screens ? deciding(card, protocol) : null,
        labelChips(card),
        me.may?.handle_reports === false ? null : h("section", { class: "panel" }, h("h2", {}, "Report"), reportDeeds(card.record, { done: (said) => say(said) })),
      ),
    ),
  );
}

/** What a third person said, and the way back for whoever may. */
function adjudicated(card, protocol, me) {
  const standing = (card.adjudications ?? []).filter((row) => row.verdict !== "reopened");
  if (!standing.length) return null;
  const reopen = (row) => {
    const body = { id: newId(), record: card.record, stage: row.stage, verdict: "reopened" };
    outbox.put("/api/adjudications", body, `reopening “${shortTitle(card)}”`);
    say("Reopened: the record is back with its reviewers.");
  };
  return paintAdjudications(standing, protocol, {
    deed: (row) => (me.may?.resolve && !card.own ? h("button", { type: "button", onclick: () => reopen(row) }, "Reopen") : null),
  });
}

function deciding(card, protocol) {
  const state = h("p", {});
  const note = h("textarea", { id: "note", rows: "3", maxlength: "2000" }, drafts.get(card.record) ?? card.own?.note ?? "");
  note.addEventListener("input", () => drafts.set(card.record, note.value));
  const reason = h(
    "select",
    { id: "reason" },
    h("option", { value: "" }, stage === "full_text" ? "choose a reason" : "no reason"),
    protocol.reasons.map((one) => h("option", { value: one.code }, one.label)),
  );
  const label = (code) => protocol.reasons.find((one) => one.code === code)?.label ?? code;
  const stand = () => {
    reason.value = card.own?.reason ?? "";
    back.hidden = !card.own?.verdict;
    fill(state, "My verdict: ", verdictMark(card.own?.verdict), card.own?.reason ? ` ${label(card.own.reason)}` : "");
  };
  const decide = (verdict) => {
    if (verdict === "exclude" && stage === "full_text" && !reason.value) {
      reason.focus();
      return say("At full text an exclusion needs a reason: choose one.");
    }
    const body = { id: newId(), record: card.record, stage, verdict, decided_at: moment(), criteria_version: protocol.criteria_version };
    if (verdict === "exclude" && reason.value) body.reason = reason.value;
    if (note.value.trim()) body.note = note.value.trim();
    outbox.put("/api/decisions", body, `${verdict} on “${shortTitle(card)}”`);
    drafts.delete(card.record);
    tell({ record: card.record, stage, verdict, step: card.own?.verdict ? 0 : 1 });
    card.own = { verdict, reason: body.reason ?? null, note: body.note ?? null, decision: body.id };
    stand();
    return announce(`${inWords(verdict)}: kept`);
  };
  const undo = () => {
    const only = card.own?.decision ?? null;
    outbox.put("/api/undo", { id: newId(), record: card.record, stage, decided_at: moment() }, `taking back the verdict on “${shortTitle(card)}”`, { only });
    tell({ record: card.record, stage, verdict: null });
    card.own = null;
    stand();
    announce("Taken back");
  };
  const back = h("button", { type: "button", onclick: undo }, "Take back");
  stand();
  return h(
    "section",
    { class: "panel", "aria-label": "My decision" },
    h("h2", {}, inWords(stage)),
    state,
    h("div", { class: "field" }, h("label", { for: "note" }, "Note"), note),
    h("div", { class: "field" }, h("label", { for: "reason" }, "Reason for exclusion"), reason),
    h(
      "div",
      { class: "deeds" },
      ["exclude", "unsure", "include"].map((verdict) => h("button", { type: "button", class: verdict, onclick: () => decide(verdict) }, inWords(verdict))),
      back,
    ),
  );
}

outbox.addEventListener("sent", (event) => {
  const { path, body } = event.detail.deed;
  if (path === "/api/adjudications" && body.record === record) void loaded(page, load, show);
});
outbox.addEventListener("refused", (event) => {
  if (event.detail.deed.body.record === record) void loaded(page, load, show);
});

onKeys({ p: () => page.querySelector("[data-read]")?.click(), o: () => page.querySelector(".links a[href]")?.click() });
await loaded(page, load, show);
