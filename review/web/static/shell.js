/** What every page has: the outbox and the line that speaks for it, light and dark, and the menu. */

import { person, post, prefix, title } from "./api.js";
import { announce, byId, fill, h, remember, remembered } from "./dom.js";
import { Outbox, standing } from "./outbox.js";

/** The deeds of this person in this review; every page sends what another left behind. */
export const outbox = new Outbox({
  name: `${prefix}/${title}/${person.id}`,
  send: (deed) => post(deed.path, deed.body),
});

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

/** A short message at the foot of the page; *button* is {words, deed}. A bad one stays until it is closed. */
export function say(words, { bad = false, button = null } = {}) {
  const place = byId("messages");
  const close = () => message.remove();
  const message = h(
    "div",
    { class: bad ? "message bad" : "message" },
    h("p", {}, words),
    button
      ? h("button", { type: "button", onclick: () => (close(), button.deed()) }, button.words)
      : null,
    bad ? h("button", { type: "button", "aria-label": "Close this message", onclick: close }, "Close") : null,
  );
  tidy();
  place.append(message);
  while (place.children.length > 4) place.firstElementChild.remove();
  announce(words);
  if (!bad) setTimeout(close, 4000);
  return close;
}

/** Takes away the messages that say that all went well. */
export function tidy() {
  for (const older of byId("messages").querySelectorAll(".message:not(.bad)")) older.remove();
}

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

themeButton();
menus();
tellStanding();
outbox.retry();
