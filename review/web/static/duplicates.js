/** Pairs that may be one publication: side by side, what differs is marked by a sign as well as by colour. */

import { get, newId, person, review } from "./api.js";
import { announce, byId, counted, fill, h, inWords } from "./dom.js";
import { meant, onKeys, recordChanged } from "./keys.js";
import { loaded, outbox, say } from "./shell.js";

const page = byId("page");
let pairs = [];
let left = null;

const given = [];

// with the tab: an answer can be taken back after a reload too
const KEPT = `review/answered/${review}/${person.id}`;

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

given.push(...kept());

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(given.slice(-20).map(({ id, kind }) => ({ id, kind }))));
  } catch {
    /* until the page is left */
  }
}

async function load() {
  const answer = await get("/api/duplicates", { limit: 20 });
  left = answer.waiting;
  // a link may name the pair the other way round
  const both = (pair) => [pair.record_a, pair.record_b].sort().join(" ");
  const waiting = new Set(outbox.deeds.filter((deed) => deed.path === "/api/duplicates").map((deed) => both(deed.body)));
  return answer.pairs.filter((pair) => !waiting.has(both(pair)));
}

function show(found) {
  if (found) pairs = found;
  recordChanged();
  const pair = pairs[0];
  if (!pair) {
    fill(
      page,
      h("p", { tabindex: "-1", id: "pair" }, "No pair waits for you."),
      given.length ? h("button", { type: "button", onclick: (event) => takeBack(event), "aria-keyshortcuts": "z" }, "Undo the last answer ", h("kbd", { "aria-hidden": "true" }, "z")) : null,
    );
    return;
  }
  const fields = (pair.fields ?? []).filter((field) => field.a || field.b);
  fill(
    page,
    h("p", { class: "quiet", tabindex: "-1", id: "pair" }, [left !== null ? counted(Math.max(left, pairs.length), "pair") + " left" : "", pair.rule ? `rule: ${pair.rule}` : "", pair.against ? `against: ${pair.against}` : ""].filter(Boolean).join(" · ")),
    pair.only_a?.length || pair.only_b?.length ? h("p", { class: "quiet" }, `Only in the title of A: ${(pair.only_a ?? []).join(", ") || "nothing"}. Only in that of B: ${(pair.only_b ?? []).join(", ") || "nothing"}.`) : null,
    h(
      "div",
      { class: "deeds" },
      answer("merge", "m", "Same publication: merge"),
      answer("different", "d", "Two publications: keep apart"),
      pair.likely ? answer("link", "l", `Link: ${pair.likely.side.toUpperCase()} is ${inWords(pair.likely.kind).toLowerCase()} the other`) : null,
      answer("unsure", "s", "Skip: ask another person"),
      given.length ? h("button", { type: "button", onclick: (event) => takeBack(event), "aria-keyshortcuts": "z" }, "Undo ", h("kbd", { "aria-hidden": "true" }, "z")) : null,
    ),
    linking(),
    h(
      "div",
      { class: "wide", role: "region", "aria-label": "The pair", tabindex: "0" },
      h(
        "table",
        { class: "compare" },
        h("caption", { class: "visually-hidden" }, "Two records field by field"),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Field"), h("th", { scope: "col" }, `A ${pair.source_a ?? ""}`), h("th", { scope: "col" }, `B ${pair.source_b ?? ""}`))),
        h(
          "tbody",
          {},
          fields.map((field) => {
            const differs = field.mark === "≠";
            return h(
              "tr",
              {},
              h("th", { scope: "row" }, inWords(field.name), " ", h("span", { class: "sign", title: differs ? "differs" : "the same" }, h("span", { "aria-hidden": "true" }, field.mark), h("span", { class: "visually-hidden" }, differs ? "differs" : field.mark ? "the same" : ""))),
              h("td", { class: differs ? "differs" : null, "data-side": "A" }, field.a || "–"),
              h("td", { class: differs ? "differs" : null, "data-side": "B" }, field.b || "–"),
            );
          }),
        ),
      ),
    ),
  );
}

const KINDS = ["erratum_of", "retraction_of", "reply_to", "preprint_of", "abstract_of", "reprint_of", "translation_of", "part_of", "protocol_of", "registry_of", "companion_of"];

/** Two publications that belong together: which is what of the other. */
function linking() {
  const { likely } = pairs[0];
  const choice = (id, options) => h("select", { id }, options.map(([value, words]) => h("option", { value }, words)));
  const side = choice("link-side", [["a", "A is"], ["b", "B is"]]);
  const kind = choice("link-kind", KINDS.map((one) => [one, `${inWords(one).toLowerCase()} the other`]));
  if (likely) [side.value, kind.value] = [likely.side, likely.kind];
  const submit = (event) => {
    event.preventDefault();
    give("link", { link: { side: side.value, kind: kind.value } });
  };
  return h(
    "details",
    { class: "box" },
    h("summary", {}, "Two publications that belong together: an erratum, a reply, a preprint …"),
    h("form", { class: "filters", onsubmit: submit }, h("label", { for: "link-side" }, "Which", side), h("label", { for: "link-kind" }, "What", kind), h("button", {}, "Link them")),
    h("p", { class: "quiet" }, "Both records stay. Other records are linked in a terminal: review dedupe link --help."),
  );
}

const answer = (kind, key, words) => h("button", { type: "button", onclick: (event) => give(kind, { event }), "aria-keyshortcuts": key }, words, " ", h("kbd", { "aria-hidden": "true" }, key));

const SAID = { merge: "Merged", different: "Kept apart", unsure: "Passed on", link: "Linked" };

function give(kind, { event = null, link = pairs[0]?.likely } = {}) {
  const pair = pairs[0];
  if (!pair || !meant(event) || (kind === "link" && !link)) return;
  pairs.shift();
  const body = { id: newId(), record_a: pair.record_a, record_b: pair.record_b, answer: kind };
  if (kind === "link") {
    // record_a is the erratum, preprint … of record_b
    if (link.side === "b") Object.assign(body, { record_a: pair.record_b, record_b: pair.record_a });
    body.kind = link.kind;
  }
  outbox.put("/api/duplicates", body, `${SAID[kind].toLowerCase()}: a pair`);
  given.push({ id: body.id, pair, kind });
  keep();
  if (left !== null) left -= 1;
  show();
  byId("pair")?.focus({ preventScroll: true });
  announce(SAID[kind]);
  say(`${SAID[kind]}.`);
  if (!pairs.length) void refill();
}

function takeBack(event = null) {
  if (!meant(event)) return;
  const last = given.pop();
  keep();
  if (!last) return say("Nothing was answered in this sitting.");
  outbox.put("/api/duplicates/undo", { id: newId(), answer: last.id }, "taking an answer back");
  if (last.pair) {
    pairs.unshift(last.pair);
    left += 1;
    show();
  } else void refill();
  byId("pair")?.focus({ preventScroll: true });
  return say(`Taken back: ${SAID[last.kind].toLowerCase()}.`);
}

async function refill() {
  // what waits in the outbox goes first, so that the same pair does not come back
  if (outbox.deeds.length) return outbox.addEventListener("sent", () => void refill(), { once: true });
  return loaded(page, load, show);
}

outbox.addEventListener("refused", (event) => {
  if (event.detail.deed.path.startsWith("/api/duplicates")) void loaded(page, load, show);
});
onKeys({ m: () => give("merge"), d: () => give("different"), s: () => give("unsure"), l: () => give("link"), z: () => takeBack() });
await loaded(page, load, show);
