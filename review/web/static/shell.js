/** What every page has: the outbox and the line that speaks for it, light and dark, and the menu. */

import { Problem, get, person, post, prefix, review, title } from "./api.js";
import { criteriaEverywhere } from "./criteria.js";
import { announce, byId, fill, h, inWords, remember, remembered } from "./dom.js";
import { say } from "./messages.js";
import { Outbox, standing } from "./outbox.js";

export { notice, say, tidy } from "./messages.js";

/** The deeds of this person in this review; every page sends what another left behind. */
export const outbox = new Outbox({
  // by what stays: the title of a review may change while decisions wait
  name: `${prefix}/${review}/${person.id}`,
  older: (key) => review && key.startsWith(`review/outbox/${prefix}/${title}/${person.id}/`),
  send: async (deed) => {
    if (deed.only) await refuseAnother(deed);
    return post(deed.path, deed.body);
  },
});

/** An undo takes back the decision that it was made for: what was said since, elsewhere, stays. */
async function refuseAnother({ body, only }) {
  const { own } = await get(`/api/records/${encodeURIComponent(body.record)}`, { stage: body.stage });
  if (!own || own.stage !== body.stage || own.decision === only) return;
  const words = `You decided on it again in another window or on another device: ${inWords(own.verdict)}. That stays`;
  throw new Problem("refused", { status: 409, words });
}

let told = "";

function tellStanding() {
  const line = byId("connection");
  const words = standing(outbox);
  if (words === told) return;
  told = words;
  line.hidden = !words;
  const again = h("button", { type: "button", onclick: () => outbox.retry() }, "Try now");
  fill(line, h("span", {}, words ? `${words}.` : ""), words ? again : null);
  if (words) announce(words);
}

outbox.addEventListener("change", tellStanding);
outbox.addEventListener("refused", (event) => {
  const { deed, problem } = event.detail;
  say(`Not taken: ${deed.words}. ${problem.said}`, { bad: true });
});
addEventListener("beforeunload", (event) => {
  // what the browser keeps is sent by the next page; only what it could not keep would be lost
  if (!outbox.persisted) event.preventDefault();
});

/** Says what went wrong with something that is not kept in the outbox. */
export function sayProblem(problem, doing) {
  const words = {
    network: "The review cannot be reached. Try again when the connection is back.",
    "signed-out": "Signed out: sign in again with your invitation link.",
    full: "The disk of the review is full; nothing was changed.",
  };
  say(`${doing}: ${words[problem.kind] ?? (problem.said || "the review does not answer just now")}`, { bad: true });
}

/** Loads with *load* and shows with *show*; says so where that fails, and offers another try. */
export async function loaded(place, load, show) {
  place.setAttribute("aria-busy", "true");
  try {
    show(await load());
    return true;
  } catch (problem) {
    if (!problem.kind) throw problem;
    fill(
      place,
      h("p", { class: "trouble" }, troubleOf(problem)),
      h("p", {}, h("button", { type: "button", onclick: () => loaded(place, load, show) }, "Try again")),
    );
    return false;
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** In a sentence, why nothing can be shown. */
export function troubleOf(problem) {
  if (problem.kind === "network") return "The review cannot be reached just now.";
  if (problem.kind === "signed-out") return "You are signed out. Open your invitation link to sign in again.";
  if (problem.kind === "refused") return problem.said;
  return `The review does not answer just now. ${problem.said === problem.kind ? "" : problem.said}`.trim();
}

function themeButton() {
  const button = byId("theme");
  if (!button) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => remembered("theme") ?? (dark.matches ? "dark" : "light");
  const show = () => {
    const other = current() === "dark" ? "light" : "dark";
    fill(button, other === "dark" ? "Dark" : "Light");
    button.setAttribute("aria-label", `Switch to ${other} colours`);
  };
  button.addEventListener("click", () => {
    const other = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    remember("theme", other);
    show();
  });
  dark.addEventListener("change", show);
  button.hidden = false;
  show();
}

function menus() {
  const open = () => [...document.querySelectorAll("header details[open]")];
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
  });
}

/** How high the head is: what sticks below it has to know. */
function measureHead() {
  const head = document.querySelector(".page-head");
  const tell = () => document.documentElement.style.setProperty("--head", `${head.offsetHeight}px`);
  new ResizeObserver(tell).observe(head);
}

themeButton();
menus();
measureHead();
criteriaEverywhere(byId("screen") !== null && innerWidth >= 1200 && remembered("criteria") === "open");
tellStanding();
outbox.retry();
