/** The PDF of a report: read it, or drop it. */

import { newId, prefix, put } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { say, sayProblem } from "./shell.js";

const MOST_BYTES = 100 * 1024 * 1024;

/** The place of a record's PDF: a link, a reader in the page, and a drop zone. */
export function fullText(card, { changed = () => {} } = {}) {
  const box = h("section", { class: "full-text", "aria-label": "Full text" });
  const show = () => {
    const file = card.full_text;
    const reader = h("div", { class: "reader", role: "region", "aria-label": "The PDF", tabindex: "-1" });
    const read = h(
      "button",
      { type: "button", "data-read": true, "aria-expanded": "false", "aria-keyshortcuts": "p", onclick: () => open(reader, read, file) },
      "Read it here ",
      h("kbd", { "aria-hidden": "true" }, "p"),
    );
    fill(
      box,
      h("h2", {}, "Full text"),
      file ? h("p", { class: "row" }, h("a", { href: withPrefix(file.url), target: "_blank", rel: "noopener" }, file.file_name || "The PDF"), read) : h("p", { class: "quiet" }, "No PDF yet."),
      reader,
      dropZone(card.record, file ? "Another file: drop it here or" : "Drop the PDF here or", (kept) => {
        card.full_text = kept;
        show();
        changed(card);
      }),
    );
  };
  show();
  return box;
}

const withPrefix = (url) => (prefix && !url.startsWith(prefix) ? prefix + url : url);

function open(reader, button, file) {
  const closing = reader.firstChild !== null;
  button.setAttribute("aria-expanded", String(!closing));
  if (closing) return fill(reader);
  fill(reader, h("iframe", { class: "pdf", src: withPrefix(file.url), title: file.file_name || "The PDF" }));
  // the focus stays in the page: in the PDF itself the keys would be the PDF's
  reader.focus({ preventScroll: true });
  reader.scrollIntoView({ block: "start" });
  return announce("The PDF is open; p closes it");
}

/** A place to drop a PDF on, with a file input for those who do not drag; *kept*({file_name, url}) is called once it is stored. */
export function dropZone(record, words, kept) {
  const input = h("input", { type: "file", accept: "application/pdf,.pdf", class: "visually-hidden", id: `file-${newId()}` });
  const state = h("span", { role: "status" });
  const zone = h(
    "div",
    { class: "drop" },
    h("span", {}, `${words} `),
    input,
    h("label", { for: input.id, class: "button" }, "choose a file"),
    " ",
    state,
  );
  const send = async (file) => {
    if (!file) return;
    if (file.size > MOST_BYTES) return say(`${file.name} is larger than 100 MB.`, { bad: true });
    fill(state, `Storing ${file.name} …`);
    zone.setAttribute("aria-busy", "true");
    try {
      const answer = await put(`/api/reports/${encodeURIComponent(record)}/file`, { id: newId(), name: file.name }, file);
      const sha256 = answer.file_sha256 ?? answer.sha256;
      say(`${file.name} is stored with the review.`);
      kept(answer.full_text ?? { file_name: answer.file_name ?? file.name, url: answer.url ?? `/full-texts/${sha256}` });
    } catch (problem) {
      if (!problem.kind) throw problem;
      sayProblem(problem, `${file.name} is not stored`);
    } finally {
      zone.removeAttribute("aria-busy");
      fill(state);
    }
  };
  input.addEventListener("change", () => void send(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    void send(event.dataTransfer.files[0]);
  });
  return zone;
}

// a file that misses the zone would otherwise take the place of the page
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
