/** One key, one deed; never while somebody types, and never with Ctrl, Alt or Meta. One click, one deed, too. */

import { remember, remembered } from "./dom.js";

const FIELDS = "input, textarea, select, [contenteditable]";
const SETTLE_MS = 300;

/** Whether single keys do anything; people who dictate switch them off (WCAG 2.1.4). */
export const keysOn = () => remembered("keys") !== "off";

/** Switches single keys on or off, for this browser. */
export const switchKeys = (on) => remember("keys", on ? "on" : "off");

/** Calls *deeds*[key](event) for a key that nothing else took. *held* lists keys that may be held down. */
export function onKeys(deeds, { held = [] } = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest(FIELDS)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const deed = deeds[key];
    if (!deed || (key !== "Escape" && !keysOn())) return;
    if (document.querySelector("dialog[open]")) return;
    // a key that rests on the board must not decide on twenty records
    if (event.repeat && !held.includes(key)) return event.preventDefault();
    event.preventDefault();
    deed(event);
  });
}

let changed = -SETTLE_MS;

/** Says that another record, or the same one elsewhere, is under the pointer from now on. */
export const recordChanged = () => {
  changed = performance.now();
};

/** Whether *event* may decide: not the second click of a double click, nor one meant for what was there before. */
export function meant(event) {
  if (event?.type !== "click") return true;
  return event.detail <= 1 && event.timeStamp - changed >= SETTLE_MS;
}

// Enter that rests on a button clicks it again and again
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target instanceof Element && event.target.closest("button")) event.preventDefault();
});
