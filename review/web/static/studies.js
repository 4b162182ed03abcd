/** The studies of the review. */

import { get, prefix } from "./api.js";
import { byId, fill, h, inWords, table } from "./dom.js";
import { loaded } from "./shell.js";

const page = byId("page");

await loaded(
  page,
  () => get("/api/studies"),
  (answer) =>
    fill(
      page,
      table(
        "Studies",
        [
          { key: "study_id", words: "Study", show: (row) => h("a", { href: `${prefix}/studies/${encodeURIComponent(row.study_id)}` }, row.label ?? row.study_id) },
          { key: "design", words: "Design", show: (row) => inWords(row.design) },
          { key: "condition", words: "Condition", show: (row) => inWords(row.condition_id ?? row.condition) },
          { key: "country", words: "Country" },
          { key: "year", words: "Year", number: true, show: (row) => (row.year ? String(row.year) : null) },
          { key: "n", words: "Randomised", number: true, show: (row) => row.n_randomised ?? row.n },
        ].filter((column) => column.key === "study_id" || answer.rows.some((row) => column.show?.(row) ?? row[column.key])),
        answer.rows,
        { headed: true, empty: "No study yet: review study link makes them from reports." },
      ),
    ),
);
