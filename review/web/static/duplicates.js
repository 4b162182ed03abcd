/** Pairs that may be one publication: side by side, what differs is marked by a sign as well as by colour. */

import { get, newId } from "./api.js";
import { announce, byId, counted, fill, h, inWords } from "./dom.js";
import { onKeys } from "./keys.js";
import { loaded, outbox, say } from "./shell.js";

const page = byId("page");
let pairs = [];
let left = null;

async function load() {
  const answer = await get("/api/duplicates", { limit: 20 });
  left = answer.waiting ?? answer.total ?? null;
  const waiting = new Set(outbox.deeds.filter((deed) => deed.path === "/api/duplicates").map((deed) => `${deed.body.record_a} ${deed.body.record_b}`));
  return (answer.pairs ?? answer.rows).filter((pair) => !waiting.has(`${pair.record_a} ${pair.record_b}`));
}

function show(found) {
  if (found) pairs = found;
  const pair = pairs[0];
  if (!pair) {
    fill(page, h("p", {}, "No pair waits for you."));
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
      answer("unsure", "s", "Skip: ask another person"),
    ),
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
              h("th", { scope: "row" }, inWords(field.name), " ", h("span", { class: "quiet" }, differs ? "≠ differs" : field.mark === "=" ? "= same" : "")),
              h("td", { class: differs ? "differs" : null }, field.a || "–"),
              h("td", { class: differs ? "differs" : null }, field.b || "–"),
            );
          }),
        ),
      ),
    ),
  );
}

const answer = (kind, key, words) => h("button", { type: "button", onclick: () => give(kind), "aria-keyshortcuts": key }, words, " ", h("kbd", { "aria-hidden": "true" }, key));

const SAID = { merge: "Merged", different: "Kept apart", unsure: "Passed on" };

function give(kind) {
  const pair = pairs.shift();
  if (!pair) return;
  outbox.put("/api/duplicates", { id: newId(), record_a: pair.record_a, record_b: pair.record_b, answer: kind }, `${SAID[kind].toLowerCase()}: a pair`);
  if (left !== null) left -= 1;
  show();
  byId("pair")?.focus({ preventScroll: true });
  announce(SAID[kind]);
  say(`${SAID[kind]}.`);
  if (!pairs.length) void refill();
}

async function refill() {
  // what waits in the outbox goes first, so that the same pair does not come back
  if (outbox.deeds.length) return outbox.addEventListener("sent", () => void refill(), { once: true });
  return loaded(page, load, show);
}

outbox.addEventListener("refused", (event) => {
  if (event.detail.deed.path === "/api/duplicates") void loaded(page, load, show);
});
onKeys({ m: () => give("merge"), d: () => give("different"), s: () => give("unsure") });
await loaded(page, load, show);
