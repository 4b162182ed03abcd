/** The panels beside a record: reasons and labels. */

import { get, newId } from "./api.js";
import { shortTitle } from "./card.js";
import { announce, byId, fill, h } from "./dom.js";
import { outbox } from "./shell.js";

/** Lists the reasons with their number keys; returns them, each with its key. */
export function showReasons(place, reasons, pick) {
  const numbered = reasons.map((reason, at) => ({ ...reason, key: reason.key ?? (at < 9 ? String(at + 1) : null) }));
  fill(
    place,
    numbered.map((reason) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", "aria-keyshortcuts": reason.key, onclick: (event) => pick(reason, event) },
          h("kbd", { "aria-hidden": "true" }, reason.key ?? "·"),
          h("span", {}, reason.label),
        ),
      ),
    ),
  );
  return numbered;
}

/** The labels of the record that is shown; `show(card)` changes the record. */
export function labelsPanel() {
  const place = byId("labels");
  const field = byId("label");
  let card = null;
  let known = [];

  const paint = () => {
    fill(
      place,
      (card?.labels ?? []).map((one) =>
        one.mine === false
          ? h("span", { class: "tag" }, one.label)
          : h("span", { class: "tag mine" }, one.label, h("button", { type: "button", "aria-label": `Remove the label ${one.label}`, onclick: () => remove(one.label) }, "×")),
      ),
    );
    fill(byId("label-list"), known.map((label) => h("option", { value: label })));
  };
  const put = (label, withdrawn) => {
    const body = { id: newId(), record: card.record, label };
    if (withdrawn) body.withdrawn = true;
    outbox.put("/api/labels", body, `${withdrawn ? "removing the label" : "label"} “${label}” on “${shortTitle(card)}”`);
  };
  const remove = (label) => {
    card.labels = card.labels.filter((one) => !(one.label === label && one.mine !== false));
    put(label, true);
    paint();
    field.focus();
    announce(`Label ${label} removed`);
  };
  byId("label-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const label = field.value.trim();
    if (!label || !card) return;
    field.value = "";
    card.labels ??= [];
    if (card.labels.some((one) => one.label === label && one.mine !== false)) return;
    card.labels.push({ label, mine: true });
    if (!known.includes(label)) known.push(label);
    put(label, false);
    paint();
    announce(`Label ${label} added`);
  });
  get("/api/labels").then(
    (answer) => {
      const found = Array.isArray(answer) ? answer : (answer.labels ?? answer.rows ?? []);
      known = found.map((one) => (typeof one === "string" ? one : one.label));
      paint();
    },
    () => {
      /* without the list a label is typed out */
    },
  );
  return {
    show(next) {
      card = next;
      byId("label-form").hidden = !card;
      paint();
    },
  };
}

/** The labels of one record with a field of their own, for pages other than screening. */
export function labelChips(card) {
  const box = h("section", { class: "panel" }, h("h2", {}, "Labels"));
  const place = h("div", { class: "tags" });
  const field = h("input", { id: "label", maxlength: "60", autocomplete: "off", "aria-label": "Add a label" });
  const put = (label, withdrawn) => {
    const body = { id: newId(), record: card.record, label };
    if (withdrawn) body.withdrawn = true;
    outbox.put("/api/labels", body, `${withdrawn ? "removing the label" : "label"} “${label}”`);
    paint();
  };
  const paint = () =>
    fill(
      place,
      (card.labels ?? []).map((one) =>
        one.mine === false
          ? h("span", { class: "tag" }, one.label)
          : h(
              "span",
              { class: "tag mine" },
              one.label,
              h(
                "button",
                {
                  type: "button",
                  "aria-label": `Remove the label ${one.label}`,
                  onclick: () => {
                    card.labels = card.labels.filter((other) => other !== one);
                    put(one.label, true);
                    field.focus();
                  },
                },
                "×",
              ),
            ),
      ),
    );
  const add = (event) => {
    event.preventDefault();
    const label = field.value.trim();
    field.value = "";
    card.labels ??= [];
    if (!label || card.labels.some((one) => one.label === label && one.mine !== false)) return;
    card.labels.push({ label, mine: true });
    put(label, false);
  };
  paint();
  box.append(place, h("form", { class: "row", onsubmit: add }, field, h("button", {}, "Add")));
  return box;
}
