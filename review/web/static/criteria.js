/** The criteria, on every page: fetched when they are asked for, and again when the review says that they changed. */

import { get } from "./api.js";
import { announce, byId, fill, h, remember } from "./dom.js";
import { onKeys } from "./keys.js";
import { notice } from "./messages.js";

const panel = byId("criteria");
const screening = byId("screen") !== null;
let asked = null;
let known = null;
let before = null;
let closeNotice = () => {};

/** The protocol as it was fetched last; *again* fetches it anew. */
export function protocol({ again = false } = {}) {
  if (asked === null || again) {
    const asking = get("/api/protocol").then(
      (answer) => {
        known = answer;
        paint(answer);
        return answer;
      },
      (problem) => {
        if (asked === asking) asked = null;
        throw problem;
      },
    );
    asked = asking;
  }
  return asked;
}

/** The version of the criteria that the page shows; null before it shows any. */
export const shownVersion = () => known?.criteria_version ?? null;

/** Takes notice of the *version* that the review has now; the new protocol where the page showed another one. */
export async function heed(version) {
  if (!version || known === null || version === known.criteria_version) return null;
  const fresh = await protocol({ again: true });
  closeNotice();
  closeNotice = notice(`The criteria changed: version ${fresh.criteria_version}. Read them: c`, {
    button: { words: "Read", deed: () => show(true) },
  });
  return fresh;
}

const lies = () => getComputedStyle(panel).position === "fixed" && !(screening && innerWidth >= 1200);

/** Opens or closes the panel. */
export function show(open = panel.hidden) {
  if (open === !panel.hidden) return;
  if (open) before = document.activeElement;
  panel.hidden = !open;
  if (screening) remember("criteria", open ? "open" : "closed");
  told();
  if (open) {
    protocol().catch((problem) => fill(byId("criteria-text"), h("p", { class: "trouble" }, `The criteria cannot be shown. ${problem.said ?? ""}`)));
    if (lies()) byId("criteria-heading").focus();
  } else {
    const back = before?.isConnected && before !== document.body ? before : document.querySelector("#card .title, main");
    back?.focus({ preventScroll: true });
  }
  announce(open ? "Criteria shown" : "Criteria hidden");
}

function told() {
  for (const button of document.querySelectorAll('[data-deed="criteria"]')) button.setAttribute("aria-expanded", String(!panel.hidden));
}

function paint(found) {
  const words = (list) => list.join(", ");
  const marks = found.highlight ?? {};
  fill(
    byId("criteria-text"),
    h("p", {}, found.question),
    h("h3", {}, "Included"),
    h("ul", {}, found.inclusion.map((line) => h("li", {}, line))),
    h("h3", {}, "Excluded because"),
    h("ol", {}, found.reasons.map((reason) => h("li", {}, reason.label))),
    marks.include?.length || marks.exclude?.length ? h("h3", {}, "Marked words") : null,
    marks.include?.length ? h("p", {}, h("mark", { class: "include" }, "Underlined"), ` speaks for: ${words(marks.include)}`) : null,
    marks.exclude?.length ? h("p", {}, h("mark", { class: "exclude" }, "Dotted"), ` speaks against: ${words(marks.exclude)}`) : null,
    [...(marks.include ?? []), ...(marks.exclude ?? [])].some((word) => /[?*]/.test(word))
      ? h("p", { class: "quiet" }, "In these, ? stands for one letter and * for any letters.")
      : null,
    h("p", { class: "quiet" }, `Criteria version ${found.criteria_version}`),
  );
}

/** Key, buttons, and Esc. */
export function criteriaEverywhere(open = false) {
  if (!panel) return;
  for (const button of document.querySelectorAll('[data-deed="criteria"]')) button.addEventListener("click", () => show());
  onKeys({ c: () => show() });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || panel.hidden || !lies()) return;
    if (document.querySelector("dialog[open]") || event.target?.closest?.("input, textarea, select")) return;
    event.preventDefault();
    show(false);
  });
  panel.hidden = !open;
  told();
}
