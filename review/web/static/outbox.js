/**
 * What was decided and is not yet acknowledged. Nothing leaves it but by the review's own word.
 *
 * Each deed is an entry of its own in localStorage, so that two tabs never overwrite each other's, and carries the id
 * that was made with it, so that sending it twice is one event. Deeds are sent in the order in which they were done.
 */

import { newId } from "./api.js";

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;

/**
 * Events: `change` (count or state), `sent` and `refused` with detail {deed, answer | problem}: in the tab that sent the
 * deed, and in the one in which it was done, which mostly is the same.
 */
export class Outbox extends EventTarget {
  #name;
  #send;
  #self = newId();
  #tabs;
  #memory = new Map();
  #running = false;
  #again = false;
  #wake = () => {};
  // the clock may go back, and the deeds of one person keep their order all the same
  #last = 0;
  /** The Problem that holds the deeds up, or null. */
  problem = null;

  /** *older(key)*: whether the key of a deed in localStorage is one of this box from before it had its name. */
  constructor({ name, send, older = () => false }) {
    super();
    this.#name = `review/outbox/${name}/`;
    this.#adopt(older);
    this.#tabs = globalThis.BroadcastChannel ? new BroadcastChannel(this.#name) : null;
    this.#tabs?.addEventListener("message", ({ data: { type, detail } }) => {
      if (detail.deed.from === this.#self) this.dispatchEvent(new CustomEvent(type, { detail }));
    });
    this.#send = send;
    addEventListener("storage", (event) => {
      if (event.key !== null && !event.key.startsWith(this.#name)) return;
      this.#tell();
      this.retry();
    });
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retry());
  }

  /** What waits, oldest first: [{key, path, body, words, at}]. */
  get deeds() {
    const found = [...this.#memory.values()];
    try {
      for (let place = 0; place < localStorage.length; place += 1) {
        const key = localStorage.key(place);
        if (!key.startsWith(this.#name)) continue;
        const deed = parsed(localStorage.getItem(key));
        if (deed) found.push({ ...deed, key });
      }
    } catch {
      /* what is in memory is all there is */
    }
    return found.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** Whether everything that waits would outlive this page. */
  get persisted() {
    return this.#memory.size === 0;
  }

  /**
   * Keeps a deed and sends it in the background; *words* name it to the person if it is refused. *only*: the decision
   * that an undo takes back, and no other.
   */
  put(path, body, words, { only = null } = {}) {
    const waiting = this.deeds.reduce((last, deed) => Math.max(last, deed.at ?? 0), this.#last);
    this.#last = Math.max(waiting + 1, Date.now());
    const key = this.#keyOf(this.#last, body.id);
    const deed = { path, body, words, at: this.#last, from: this.#self, ...(only ? { only } : {}) };
    try {
      localStorage.setItem(key, JSON.stringify(deed));
    } catch {
      this.#memory.set(key, { ...deed, key });
    }
    this.#tell();
    this.retry();
    return { ...deed, key };
  }

  #keyOf(at, id) {
    return `${this.#name}${String(at).padStart(15, "0")}-${id}`;
  }

  /** Takes over what waits under an older name; the ids stay, so that nothing becomes two events. */
  #adopt(older) {
    try {
      const keys = Array.from({ length: localStorage.length }, (_, place) => localStorage.key(place));
      for (const key of keys) {
        if (!key?.startsWith("review/outbox/") || key.startsWith(this.#name) || !older(key)) continue;
        const text = localStorage.getItem(key);
        const deed = parsed(text);
        if (!deed?.body?.id) continue;
        localStorage.setItem(this.#keyOf(deed.at ?? 0, deed.body.id), text);
        localStorage.removeItem(key);
      }
    } catch {
      /* it waits where it is */
    }
  }

  /** Tries now, whatever the pause. */
  retry() {
    this.#wake();
    void this.#run();
  }

  async #run() {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    let pause = FIRST_PAUSE;
    do {
      this.#again = false;
      // the lock is held for one sending only: a tab that rests must not hold up another
      while (await locked(this.#name, () => this.#first())) {
        if (this.problem === null) {
          pause = FIRST_PAUSE;
        } else {
          await this.#rest(Math.max(this.problem.pause, pause));
          pause = Math.min(pause * 2, LONGEST_PAUSE);
        }
      }
    } while (this.#again);
    this.#running = false;
  }

  /** Sends the oldest deed; whether there was one. */
  async #first() {
    const deed = this.deeds[0];
    if (!deed) {
      this.#stand(null);
      return false;
    }
    try {
      const answer = await this.#send(deed);
      this.#drop(deed);
      this.#stand(null);
      this.#came("sent", { deed, answer });
    } catch (problem) {
      if (problem.kind === "refused") {
        this.#drop(deed);
        this.#stand(null);
        const { kind, status, words, hint, said } = problem;
        this.#came("refused", { deed, problem: { kind, status, words, hint, said } });
      } else {
        this.#stand(problem);
      }
    }
    return true;
  }

  #came(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
    if (detail.deed.from !== this.#self) this.#tabs?.postMessage({ type, detail });
  }

  #drop(deed) {
    this.#memory.delete(deed.key);
    try {
      localStorage.removeItem(deed.key);
    } catch {
      /* it was in memory only */
    }
  }

  #stand(problem) {
    this.problem = problem;
    this.#tell();
  }

  #rest(seconds) {
    return new Promise((resolve) => {
      // a little at random, so that a team whose server comes back does not knock all at once
      const timer = setTimeout(resolve, seconds * 1000 * (0.75 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

function locked(name, deed) {
  return globalThis.navigator?.locks ? navigator.locks.request(name, deed) : deed();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What the person should know about the outbox, or nothing. */
export function standing(outbox) {
  const deeds = outbox.deeds;
  if (!outbox.problem || !deeds.length) return "";
  const decisions = deeds.every((deed) => deed.path !== "/api/labels" && deed.path !== "/api/report-events");
  const one = deeds.length === 1;
  const many = `${deeds.length} ${decisions ? "decision" : "change"}${one ? "" : "s"}`;
  const kept = one ? "it is kept here and sent again" : "they are kept here and sent again";
  switch (outbox.problem.kind) {
    case "network":
      return `${many} ${one ? "waits" : "wait"} for the connection: ${kept}`;
    case "full":
      return `The disk of the review is full: your ${one ? many.slice(2) : many} ${one ? "is" : "are"} kept here and sent again`;
    case "signed-out":
      return `Signed out: sign in again, nothing is lost. ${many} ${one ? "waits" : "wait"} here`;
    case "other-person":
      return `${outbox.problem.words} is signed in now. ${many} of yours ${one ? "waits" : "wait"} here until you sign in again`;
    case "slow-down":
      return `The review asks for a pause. ${many} ${one ? "waits" : "wait"}: ${kept}`;
    default:
      return `The review does not answer just now. ${many} ${one ? "waits" : "wait"}: ${kept}`;
  }
}
