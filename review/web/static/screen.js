/** Screening: one key decides, the next record is there at once, and what was decided is kept until it has arrived. */

import { get, moment, newId, person, prefix } from "./api.js";
import { paintCard, paintDecisions, shortTitle, verdictMark } from "./card.js";
import { heed, protocol, shownVersion } from "./criteria.js";
import { announce, byId, counted, fill, h, inWords, remember, remembered } from "./dom.js";
import { Drafts } from "./drafts.js";
import { keysOn, meant, onKeys, recordChanged, switchKeys } from "./keys.js";
import { Line } from "./line.js";
import { labelsPanel, showReasons } from "./panels.js";
import { fullText } from "./pdf.js";
import { History } from "./past.js";
import { outbox, say, tidy, troubleOf } from "./shell.js";
import { hear, tell } from "./tabs.js";

const stage = byId("screen").dataset.stage;
const line = new Line(stage, {
  pending: () => outbox.deeds.filter((deed) => deed.path === "/api/decisions" && deed.body.stage === stage).map((deed) => deed.body.record),
  prefetch: new URLSearchParams(location.search).get("prefetch") !== "0",
});
const past = new History(stage);
const drafts = new Drafts(stage);
const labels = labelsPanel();
const note = byId("note");
let reasons = [];
let shown = null;
let elsewhere = 0; // reports that wait at full text, when nothing waits here

const current = () => past.entry?.card ?? (past.entry ? null : (line.cards[0] ?? null));

/* what is on the page */

function show({ focus = false } = {}) {
  const card = current();
  lookBack();
  progress();
  if (card && card === shown) return;
  shown = card;
  recordChanged();
  const place = byId("card");
  place.removeAttribute("aria-busy");
  fill(place, card ? paintCard(card) : nothing());
  const own = past.entry ?? card?.own ?? null;
  note.value = card ? (drafts.get(card.record) ?? own?.note ?? "") : "";
  byId("save-note").hidden = !own?.verdict;
  labels.show(card);
  fill(byId("others"), card ? paintDecisions(card.decisions?.filter((row) => row.verdict)) : null);
  fill(byId("full-text"), card && stage === "full_text" ? fullText(card) : null);
  for (const button of document.querySelectorAll(".verdicts button, #reasons button")) {
    button.disabled = !card && button.dataset.deed !== "undo";
  }
  scrollTo(0, 0);
  if (focus) byId("card").querySelector(".title")?.focus({ preventScroll: true });
}

function nothing() {
  if (past.entry) return h("p", { class: "quiet" }, "Loading …");
  if (line.problem) return h("p", { class: "trouble" }, `The next records are not here yet: ${troubleOf(line.problem)} They come by themselves.`);
  if (!line.exhausted || line.waiting === null) return h("p", { class: "quiet" }, "Loading …");
  const there = elsewhere ? h("a", { href: `${prefix}/screen?stage=full_text` }, `At full text ${counted(elsewhere, "report")} ${elsewhere === 1 ? "waits" : "wait"} for you.`) : "Full text has its own list.";
  const other = stage === "title_abstract" ? there : "Reports come here once title and abstract is settled.";
  return h(
    "div",
    { class: "nothing" },
    h("h1", { class: "title", tabindex: "-1" }, "Nothing waits for you here"),
    h("p", {}, line.decided ? `You have decided on ${counted(line.decided, "record")}. ` : null, other),
  );
}

/** How many this person has decided on at this stage; null where the answer counts states and not persons. */
function ownDecisions(rows) {
  const here = rows.filter((row) => row.stage === stage);
  const mine = here.filter((row) => row.what.startsWith(`${person.id}: `) && !row.what.endsWith(": withdrawn"));
  if (!mine.length && here.some((row) => row.what !== "records")) return null;
  return mine.reduce((sum, row) => sum + row.records, 0);
}

function progress() {
  if (line.waiting === null) return;
  const all = line.decided + line.waiting;
  if (line.decided === null) return void fill(byId("progress-words"), `${line.waiting.toLocaleString("en")} wait for you`);
  if (!all) return void fill(byId("progress-words"));
  fill(byId("progress-words"), `${line.decided.toLocaleString("en")} of ${all.toLocaleString("en")}`);
  const bar = byId("progress");
  bar.hidden = all === 0;
  bar.max = all || 1;
  bar.value = line.decided;
}

function lookBack() {
  const bar = byId("looking-back");
  const given = past.entry ? null : current()?.given;
  bar.hidden = !past.entry && !given;
  if (given) return fill(bar, h("span", {}, "In another window you said ", verdictMark(given), " to this record. What you say here takes its place."));
  if (!past.entry) return fill(bar);
  const reason = reasons.find((one) => one.code === past.entry.reason);
  return fill(
    bar,
    h("span", {}, `Looking back, ${past.place + 1} of ${past.length}. You said `, verdictMark(past.entry.verdict), reason ? ` ${reason.label}` : "", "."),
    h("button", { type: "button", onclick: () => present() }, "To the next record"),
  );
}

/* deeds */

function decide(verdict, reason = null, event = null) {
  const card = current();
  if (!card || !meant(event)) return;
  if (stage === "full_text" && verdict === "exclude" && !reason) return chooseReason();
  timed(event, card);
  tidy();
  const words = note.value.trim();
  const body = { id: newId(), record: card.record, stage, verdict, decided_at: moment() };
  if (shownVersion()) body.criteria_version = shownVersion();
  if (reason) body.reason = reason;
  if (words) body.note = words;
  outbox.put("/api/decisions", body, `${inWords(verdict).toLowerCase()} on “${shortTitle(card)}”`);
  drafts.delete(card.record);
  const entry = { record: card.record, verdict, reason, note: words, card, id: body.id };
  const back = past.entry !== null;
  if (back) past.change(entry);
  else {
    past.add(entry);
    line.take(card);
  }
  tell({ record: card.record, stage, verdict, step: back || card.given ? 0 : 1 });
  const byButton = event?.type === "click";
  if (back) shown = null;
  show({ focus: !byButton });
  painted(card);
  const next = current();
  announce(`${said(verdict)}${back ? "" : byButton && next ? `. Next: ${shortTitle(next, 120)}` : ""}`);
}

const said = (verdict) => ({ include: "Included", exclude: "Excluded", unsure: "Unsure" })[verdict];

function chooseReason() {
  const box = byId("reason-dialog");
  const pick = (reason) => {
    box.close();
    decide("exclude", reason.code);
  };
  fill(
    byId("reason-choices"),
    reasons.map((reason) =>
      h("li", {}, h("button", { type: "button", onclick: () => pick(reason) }, h("kbd", { "aria-hidden": "true" }, reason.key ?? ""), ` ${reason.label}`)),
    ),
  );
  box.onkeydown = (event) => {
    const reason = reasons.find((one) => one.key && one.key === event.key);
    if (!reason || event.repeat || event.ctrlKey || event.altKey || event.metaKey || !keysOn()) return;
    event.preventDefault();
    pick(reason);
  };
  box.showModal();
}

function skip(event) {
  if (!meant(event)) return;
  if (past.entry) return present();
  const card = current();
  if (!card) return;
  timed(event, card);
  if (note.value.trim()) drafts.set(card.record, note.value);
  line.skip();
  shown = null;
  show({ focus: event?.type !== "click" });
  painted(card);
  announce("Skipped: it comes again later");
}

async function undo(event) {
  if (!meant(event)) return;
  const entry = past.entry ?? past.last;
  if (!entry) return say("Nothing was decided here in this sitting. Records finds what you decided earlier.");
  const card = entry.card ?? (await fetched(entry.record));
  if (!card) return;
  // only what was said here: a word that was given elsewhere since is not taken back unseen
  const body = { id: newId(), record: entry.record, stage, decided_at: moment() };
  outbox.put("/api/undo", body, `taking back ${entry.verdict} on “${shortTitle(card)}”`, { only: entry.id });
  tell({ record: entry.record, stage, verdict: null });
  past.remove(entry);
  past.leave();
  if (entry.note) drafts.set(entry.record, entry.note);
  line.putBack({ ...card, own: null, given: null });
  show({ focus: true });
  say(`Taken back: ${entry.verdict} on “${shortTitle(card)}”.`);
}

async function step(way) {
  if (!past.length) return say("Nothing was decided here in this sitting. Records finds what you decided earlier.");
  past.step(way);
  shown = null;
  show({ focus: true });
  const entry = past.entry;
  if (entry && !entry.card) {
    entry.card = await fetched(entry.record);
    if (past.entry === entry) show({ focus: true });
  }
}

function present() {
  past.leave();
  shown = null;
  show({ focus: true });
}

async function fetched(record) {
  try {
    return await get(`/api/records/${encodeURIComponent(record)}`, { stage });
  } catch (problem) {
    say(`The record cannot be shown: ${troubleOf(problem)}`, { bad: true });
    return null;
  }
}

function saveNote() {
  const own = past.entry ?? current()?.own;
  if (own?.verdict) decide(own.verdict, own.reason);
}

outbox.addEventListener("refused", async (event) => {
  const { path, body } = event.detail.deed;
  if (path === "/api/undo" && body.stage === stage) return notTakenBack(body.record);
  if (path !== "/api/decisions" || body.stage !== stage) return;
  const entry = past.find(body.id);
  const card = entry?.card ?? (await fetched(body.record));
  if (entry) past.remove(entry);
  if (body.note) drafts.set(body.record, body.note);
  if (card && !card.own) line.putBack(card, { behind: true });
  show();
});

/** The decision stands: its record waits no more, unless somebody is reading it. */
async function notTakenBack(record) {
  const card = await fetched(record);
  if (!card?.own) return;
  if (shown?.record === record && !past.entry) {
    shown.given = card.own.verdict;
    lookBack();
  }
  line.drop(record, { keep: shown });
  progress();
}

hear(({ record, stage: at, verdict, step }) => {
  if (at !== stage) return;
  if (verdict === null) return line.free(record);
  if (shown?.record === record && !past.entry) {
    shown.given = verdict;
    lookBack();
  }
  line.drop(record, { step, keep: shown });
  progress();
});

line.addEventListener("change", () => {
  void amended();
  // only an empty desk is laid anew: the record that somebody reads stays
  if (!shown && !past.entry) {
    const waited = document.activeElement?.closest("#card");
    show({ focus: Boolean(waited) });
    painted(null);
  } else progress();
});

/* a page that is open for days */

const MINUTE = 60_000;
let lastKey = Date.now();

function afterPause() {
  if (Date.now() - lastKey > 10 * MINUTE) void line.startAnew();
  lastKey = Date.now();
}

async function amended() {
  try {
    const fresh = await heed(line.version);
    if (!fresh) return;
    listReasons(fresh);
    // the marked words may be others
    void line.refresh();
  } catch (problem) {
    // the next answer says again that they changed
    if (!problem.kind) throw problem;
  }
}

for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, afterPause, { capture: true });
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void line.refresh());
addEventListener("pageshow", (event) => event.persisted && void line.refresh());
setInterval(() => document.visibilityState === "visible" && void line.refresh(), 3 * MINUTE);

/* how long a key takes, for tests that read it */

let running = null;

function timed(event, card) {
  if (!event || event.type !== "keydown") return;
  running = card.record;
  if (performance.getEntriesByName("review:key").length > 2000) performance.clearMarks();
  performance.mark("review:key", { startTime: event.timeStamp, detail: card.record });
}

function painted(card) {
  // where the next record is still on its way, it is the arrival that counts
  if (running === null || (!shown && !line.exhausted)) return;
  const detail = card?.record ?? running;
  running = null;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => performance.mark("review:painted", { detail });
    channel.port2.postMessage(null);
  });
}

/* keys and buttons */

function marks(on = remembered("marks") === "off") {
  remember("marks", on ? "on" : "off");
  document.body.classList.toggle("no-marks", !on);
  document.querySelector('[data-deed="marks"]').setAttribute("aria-pressed", String(on));
  return on;
}

function openLink() {
  const link = byId("card").querySelector(".links a[href]");
  if (link) link.click();
  else say("This record has no link.");
}

function escape() {
  if (past.entry) return present();
  byId("card").querySelector(".title")?.focus({ preventScroll: true });
}

const into = (id) => () => {
  byId(id).focus();
  byId(id).scrollIntoView({ block: "nearest" });
};

const deeds = {
  include: (event) => decide("include", null, event),
  exclude: (event) => decide("exclude", null, event),
  unsure: (event) => decide("unsure", null, event),
  skip,
  undo: (event) => void undo(event),
  marks: () => announce(marks() ? "Highlights on" : "Highlights off"),
  older: () => void step(-1),
  newer: () => void step(1),
  open: openLink,
  help: () => byId("help").showModal(),
  pdf: () => byId("full-text").querySelector("[data-read]")?.click(),
};
const KEYS = { i: "include", e: "exclude", u: "unsure", s: "skip", z: "undo", h: "marks", k: "older", j: "newer", o: "open", "?": "help", p: "pdf" };

for (const button of document.querySelectorAll("#screen [data-deed]")) {
  button.addEventListener("click", (event) => deeds[button.dataset.deed](event));
}
onKeys(
  {
    ...Object.fromEntries(Object.entries(KEYS).map(([key, name]) => [key, (event) => deeds[name](event)])),
    ...Object.fromEntries(
      [..."1234567890"].map((key) => [
        key,
        (event) => {
          const reason = reasons.find((one) => one.key === key);
          if (reason) decide("exclude", reason.code, event);
          else announce(`There is no reason ${key}`);
        },
      ]),
    ),
    n: into("note"),
    l: into("label"),
    "/": into("find"),
    Escape: escape,
  },
  { held: ["j", "k"] },
);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !(event.target instanceof Element) || !event.target.closest("#note, #label, #find")) return;
  byId("card").querySelector(".title")?.focus({ preventScroll: true });
});
note.addEventListener("input", () => {
  const card = current();
  if (card) drafts.set(card.record, note.value);
});
byId("save-note").addEventListener("click", saveNote);
byId("keys-on").checked = keysOn();
byId("keys-on").addEventListener("change", (event) => switchKeys(event.target.checked));

function listReasons(found) {
  reasons = showReasons(byId("reasons"), found.reasons, (reason, event) => decide("exclude", reason.code, event));
}

/** Whether reports wait at full text, for who has nothing to do here. */
async function lookElsewhere() {
  if (stage !== "title_abstract" || line.cards.length || !line.exhausted || line.skipped) return;
  try {
    elsewhere = (await get("/api/queue", { stage: "full_text", limit: 1 })).waiting;
  } catch (problem) {
    if (!problem.kind) throw problem;
  }
}

async function start() {
  marks(remembered("marks") !== "off");
  const first = line.refill();
  const own = get("/api/progress").then(
    (answer) => line.began(ownDecisions(answer.rows)),
    (problem) => {
      if (!problem.kind) throw problem;
    },
  );
  try {
    listReasons(await protocol());
  } catch (problem) {
    say(`The criteria cannot be shown: ${troubleOf(problem)}`, { bad: true });
  }
  await first;
  await own;
  await lookElsewhere();
  shown = null;
  show({ focus: document.activeElement === document.body });
}

void start();
