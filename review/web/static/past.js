/** What was decided in this sitting, newest last, to look back at and to change one's mind. */

const MOST = 200;

/** The sitting's decisions: entries {record, verdict, reason, note, id, card?}; kept with the tab, without the cards. */
export class History {
  #key;
  #entries;
  /** The entry that is looked at, counted from 0, or null in the present. */
  place = null;

  constructor(stage) {
    this.#key = `review/past/${document.querySelector('meta[name="person"]').content}/${stage}`;
    this.#entries = read(this.#key);
  }

  get length() {
    return this.#entries.length;
  }

  /** The entry that is looked at, or null. */
  get entry() {
    return this.place === null ? null : this.#entries[this.place];
  }

  get last() {
    return this.#entries.at(-1) ?? null;
  }

  add(entry) {
    this.#entries.push(entry);
    if (this.#entries.length > MOST) this.#entries.shift();
    this.#keep();
  }

  /** Puts *entry* in place of the one that is looked at. */
  change(entry) {
    this.#entries[this.place] = entry;
    this.#keep();
  }

  remove(entry) {
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.place = null;
    this.#keep();
  }

  find(id) {
    return this.#entries.find((one) => one.id === id) ?? null;
  }

  /** One step back (-1) or forward (1); forward from the newest is the present. */
  step(way) {
    const from = this.place ?? this.#entries.length;
    const to = Math.max(0, from + way);
    this.place = to >= this.#entries.length ? null : to;
  }

  leave() {
    this.place = null;
  }

  #keep() {
    try {
      const plain = this.#entries.map(({ card: _card, ...entry }) => entry);
      sessionStorage.setItem(this.#key, JSON.stringify(plain));
    } catch {
      /* the sitting ends with the page then */
    }
  }
}

function read(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
