/**
 * The records that wait for this person, in hand before they are asked for. The first card never changes by itself:
 * whoever is about to press a key decides on what they see.
 */

import { get } from "./api.js";

const IN_HAND = 20;
const REFILL_AT = 8;
// the address that names them has an end; whoever skips more sees the first of them again earlier
const MOST_SKIPPED = 300;
const MOST_WITHOUT = 500;

/** Events: `change` after each answer or failure. */
export class Line extends EventTarget {
  #stage;
  #pending;
  #before;
  #wanted;
  #refillAt;
  #asking = null;
  #moved = 0;
  #turns = 0;
  #pause = 1;
  #done = new Set();
  #skipped = [];
  cards = [];
  /** What the person has decided and still owes at this stage; null until the first answer. */
  decided = null;
  waiting = null;
  problem = null;
  /** The version of the criteria that the review has now; null until the first answer. */
  version = null;
  /** Whether the last answer said that nothing else waits. */
  exhausted = false;

  /** *pending()* gives the records whose decisions are not acknowledged yet. */
  constructor(stage, { pending, prefetch = true }) {
    super();
    this.#stage = stage;
    this.#pending = pending;
    this.#before = pending().length;
    this.#wanted = prefetch ? IN_HAND : 1;
    this.#refillAt = prefetch ? REFILL_AT : 0;
    addEventListener("online", () => this.refill());
  }

  /** How many were skipped and come again. */
  get skipped() {
    return this.#skipped.length;
  }

  /** Takes a decided card out of the hand. */
  take(card) {
    this.drop(card.record);
    this.#settle();
  }

  /** What another tab decided on leaves the hand; *step* is what that adds to what is decided. */
  drop(record, { step = 1, keep = null } = {}) {
    this.#done.add(record);
    this.cards = this.cards.filter((one) => one.record !== record || one === keep);
    this.#skipped = this.#skipped.filter((one) => one.record !== record);
    this.#count(step);
  }

  /** What another tab took back may come again. */
  free(record) {
    this.#done.delete(record);
    this.#count(-1);
    this.exhausted = false;
    void this.refresh();
  }

  /** Lays the first card aside; it comes again when the others are done. */
  skip() {
    const card = this.cards.shift();
    if (card) this.#skipped.push(card);
    this.#settle();
  }

  /** Brings a card back: first, or (*behind*) next, where somebody may be about to decide on the first. */
  putBack(card, { behind = false } = {}) {
    this.#done.delete(card.record);
    this.#skipped = this.#skipped.filter((one) => one.record !== card.record);
    const others = this.cards.filter((one) => one.record !== card.record);
    others.splice(behind ? 1 : 0, 0, card);
    this.cards = others;
    this.#count(-1);
  }

  /** What was decided before this page, as the review counts it; null where it does not say. */
  began(decided) {
    if (decided !== null) this.decided = decided + this.#before + this.#moved;
    this.dispatchEvent(new Event("change"));
  }

  #count(step) {
    this.#moved += step;
    this.#turns += 1;
    if (this.decided !== null) this.decided += step;
    if (this.waiting !== null) this.waiting = Math.max(0, this.waiting - step);
  }

  #settle() {
    if (!this.cards.length && this.exhausted && this.#skipped.length) {
      this.cards = this.#skipped;
      this.#skipped = [];
      // they were laid aside a while ago
      void this.refresh();
    }
    if (this.cards.length <= this.#refillAt) void this.refill();
  }

  /** Asks for more cards; at once if it can be, later if it cannot. */
  async refill() {
    if (this.#asking) return;
    await this.#ask({ anew: false });
  }

  /** Asks again what waits: all but the first card, which somebody may be reading, is what waits now. */
  async refresh() {
    while (this.#asking) await this.#asking;
    await this.#ask({ anew: true });
  }

  /** After a long pause nothing in hand is taken for granted but the first card; without a connection all of it is. */
  async startAnew() {
    const aside = this.cards.splice(1);
    await this.refresh();
    if (this.problem) this.cards.push(...aside.filter((one) => !this.#done.has(one.record) && !this.cards.includes(one)));
    this.dispatchEvent(new Event("change"));
  }

  #ask(how) {
    this.#asking = this.#answered(how).finally(() => {
      this.#asking = null;
    });
    return this.#asking.then(() => {
      if (!this.cards.length && this.exhausted && this.#skipped.length) this.#settle();
      this.dispatchEvent(new Event("change"));
    });
  }

  async #answered({ anew }) {
    const turns = this.#turns;
    const pending = this.#pending();
    const skipped = this.#skipped.slice(-MOST_SKIPPED);
    const held = anew ? this.cards.slice(0, 1) : this.cards;
    const without = [...held, ...skipped].map((card) => card.record).concat(pending).slice(0, MOST_WITHOUT);
    try {
      const answer = await get("/api/queue", {
        stage: this.#stage,
        limit: this.#wanted,
        without: [...new Set(without)].join(","),
      });
      const still = turns === this.#turns && !pending.length;
      // nothing is on its way: whatever waits, waits, if somebody gave it back meanwhile too
      if (anew && still) this.#done.clear();
      const kept = anew ? this.cards.slice(0, 1) : this.cards;
      const known = new Set([...without, ...this.#skipped.map((card) => card.record), ...this.#done, ...kept.map((card) => card.record)]);
      this.cards = [...kept, ...answer.cards.filter((card) => !known.has(card.record))];
      this.exhausted = answer.cards.length < this.#wanted;
      this.version = answer.criteria_version ?? null;
      // counts of a moment in which something was on its way would jump back and forth
      if (this.waiting === null || still) this.waiting = Math.max(0, answer.waiting - pending.length);
      this.problem = null;
      this.#pause = 1;
    } catch (problem) {
      if (!problem.kind) throw problem;
      this.problem = problem;
      if (problem.kind !== "refused") {
        setTimeout(() => this.refill(), this.#pause * 1000);
        this.#pause = Math.min(this.#pause * 2, 30);
      }
    }
  }
}
