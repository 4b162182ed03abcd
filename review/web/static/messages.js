/** What the page says to the person: a word that all went well passes by itself; what they should know stays. */

import { announce, byId, h } from "./dom.js";
import { recordChanged } from "./keys.js";

const SECONDS = 4;
const MOST = 4;

/** A short message in the head of the page. A *bad* one stays, below the head, until it is closed. */
export function say(words, { bad = false } = {}) {
  if (bad) return notice(words, { bad });
  tidy();
  const message = h("div", { class: "message" }, h("p", {}, words));
  byId("messages").append(message);
  announce(words);
  setTimeout(() => message.remove(), SECONDS * 1000);
  return () => message.remove();
}

/** What stays until it is closed; it pushes the page down and lies over nothing. *button*: {words, deed}. */
export function notice(words, { bad = false, button = null } = {}) {
  const place = byId("notices");
  const close = () => {
    message.remove();
    recordChanged();
  };
  const message = h(
    "div",
    { class: bad ? "notice bad" : "notice" },
    h("p", {}, words),
    button ? h("button", { type: "button", onclick: () => button.deed() }, button.words) : null,
    h("button", { type: "button", "aria-label": "Close this message", onclick: close }, "Close"),
  );
  place.append(message);
  while (place.children.length > MOST) place.firstElementChild.remove();
  // what moves the buttons must not move another one under the finger
  recordChanged();
  announce(words);
  return close;
}

/** Takes away the messages that say that all went well. */
export function tidy() {
  byId("messages").replaceChildren();
}
