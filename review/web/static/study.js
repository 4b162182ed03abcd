/** One study as it stands in the files; read only. */

import { get } from "./api.js";
import { outside } from "./card.js";
import { byId, fill, h, inWords, table } from "./dom.js";
import { loaded } from "./shell.js";

const page = byId("page");
const heading = document.querySelector("main > h1");

function shown(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(shown).join(" · ");
  if (typeof value === "object") return JSON.stringify(value);
  return /^https?:\/\//.test(value) ? outside(value, value) : String(value);
}

const facts = (row) =>
  h("dl", { class: "more" }, Object.entries(row).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length)).map(([name, value]) => h("div", {}, h("dt", {}, inWords(name)), h("dd", {}, shown(value)))));

await loaded(
  page,
  () => get(`/api/studies/${encodeURIComponent(page.dataset.study)}`),
  (answer) => {
    const study = answer.study ?? answer;
    const plain = Object.fromEntries(Object.entries(study).filter(([, value]) => !isTable(value)));
    const tables = Object.entries({ ...study, ...answer }).filter(([, value]) => isTable(value));
    heading.textContent = study.label ?? study.study_id ?? page.dataset.study;
    fill(
      page,
      facts(plain),
      tables.map(([name, rows]) => table(inWords(name), Object.keys(rows[0]).map((key) => ({ key, words: inWords(key), show: (row) => shown(row[key]) })), rows)),
    );
  },
);

function isTable(value) {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === "object" && value[0] !== null;
}
