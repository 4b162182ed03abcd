/** Notes that were typed and not yet sent: kept with the tab, of each record, so that a reload loses none. */

import { person, review } from "./api.js";

/** The drafts of one kind of note: at a stage, of an adjudication. */
export class Drafts {
  #name;
  #memory = new Map();

  constructor(kind) {
    this.#name = `review/draft/${review}/${person.id}/${kind}/`;
  }

  /** The draft for *record*, or undefined. */
  get(record) {
    try {
      return sessionStorage.getItem(this.#name + record) ?? this.#memory.get(record);
    } catch {
      return this.#memory.get(record);
    }
  }

  set(record, words) {
    try {
      sessionStorage.setItem(this.#name + record, words);
    } catch {
      this.#memory.set(record, words);
    }
  }

  delete(record) {
    this.#memory.delete(record);
    try {
      sessionStorage.removeItem(this.#name + record);
    } catch {
      /* it was in memory only */
    }
  }
}
