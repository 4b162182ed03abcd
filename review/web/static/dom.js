/** Builds elements. Everything that comes from records goes in as text, never as markup. */

/** An element: `h("p", {class: "note", onclick: f}, "words", other)`. Children that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** The element of that id. */
export const byId = (id) => document.getElementById(id);

/** Puts *children* in place of what *element* held. */
export function fill(element, ...children) {
  const box = document.createDocumentFragment();
  append(box, children);
  element.replaceChildren(box);
  return element;
}

let turn = 0;

/** Says *words* to screen readers without moving the focus; the same words twice are said twice. */
export function announce(words) {
  const region = byId("said");
  if (!region) return;
  turn = 1 - turn;
  fill(region, h("span", {}, words + (turn ? "\u00a0" : "")));
}

/** `1 record`, `2 records`, `1,234 records`. */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/**
 * A table with a caption, in a region that scrolls by itself; without rows a sentence. *columns*: [{key, words, number?,
 * show?}]; *headed* where a heading above says what the caption says.
 */
export function table(caption, columns, rows, { empty = "Nothing yet.", head = 0, headed = false } = {}) {
  const cell = (column, row, place) => {
    const value = column.show ? column.show(row) : row[column.key];
    const shown = value === null || value === undefined || value === "" ? "–" : value;
    return place === head
      ? h("th", { scope: "row" }, shown)
      : h("td", { class: column.number ? "number" : null }, shown);
  };
  const grid = h(
    "table",
    {},
    h("caption", { class: headed ? "visually-hidden" : null }, caption),
    h(
      "thead",
      {},
      h("tr", {}, columns.map((column) => h("th", { scope: "col", class: column.number ? "number" : null }, column.words))),
    ),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column, place) => cell(column, row, place))))),
  );
  if (!rows.length) return h("p", { class: "quiet" }, empty);
  return h(
    "div",
    { class: headed ? "wide headed" : "wide", role: "region", "aria-label": caption, tabindex: "0" },
    grid,
  );
}

/** Something kept in this browser for this review; null where the browser keeps nothing. */
export function remembered(name) {
  try {
    return localStorage.getItem(`review/${name}`);
  } catch {
    return null;
  }
}

/** Keeps *value* under *name*, if the browser lets us. */
export function remember(name, value) {
  try {
    localStorage.setItem(`review/${name}`, value);
  } catch {
    /* the setting holds for this page only */
  }
}

const WORDS = {
  include: "Include",
  exclude: "Exclude",
  unsure: "Unsure",
  reopened: "Reopened",
  withdrawn: "Taken back",
  title_abstract: "Title and abstract",
  full_text: "Full text",
};

/** How a controlled word is written for people. */
export function inWords(word) {
  if (!word) return "";
  return WORDS[word] ?? (word.charAt(0).toUpperCase() + word.slice(1)).replaceAll("_", " ");
}

/** A date and time as people of this browser write them. */
export function when(value) {
  const date = new Date(value);
  if (!value || Number.isNaN(date.getTime())) return value ? String(value) : "";
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
