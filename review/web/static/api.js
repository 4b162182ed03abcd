/** Talks to the review's JSON API and says in one word what went wrong. */

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** The path below which a proxy shows the site; mostly nothing. */
export const prefix = meta("prefix");

/** Who is signed in, as the page was made. */
export const person = { id: meta("person"), name: meta("person-name"), role: meta("role") };

/** The review's title, as the page was made; its id, which stays whatever the title becomes. */
export const title = meta("review");
export const review = meta("review-id");

let token = meta("csrf");

const SECONDS = 30;

/**
 * Why a request did not do what it should. *kind*: refused (it will never work), or for a later try: network,
 * signed-out, other-person, busy, full, slow-down. *pause* is the number of seconds that the server asked for.
 */
export class Problem extends Error {
  constructor(kind, { status = 0, words = "", hint = "", pause = 0 } = {}) {
    super(words || kind);
    Object.assign(this, { kind, status, words, hint, pause });
  }

  /** The words for a person, with the hint. */
  get said() {
    const hint = this.hint.charAt(0).toUpperCase() + this.hint.slice(1);
    return [this.words, hint].filter(Boolean).join(". ").replaceAll("..", ".");
  }
}

/** A new id for an event. `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function newId() {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** This moment, for what is sent later. */
export const moment = () => new Date().toISOString();

/** `/api/records` with its questions; values that are null or empty are left out. */
export function address(path, questions = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(questions)) {
    if (value !== null && value !== undefined && value !== "") asked.set(name, value);
  }
  const tail = asked.toString();
  return prefix + path + (tail ? `?${tail}` : "");
}

/** GET a JSON answer. */
export const get = (path, questions) => ask("GET", address(path, questions));

/** POST *body* as JSON. */
export const post = (path, body) => ask("POST", address(path), JSON.stringify(body), "application/json");

/** PUT a file. */
export const put = (path, questions, file) => ask("PUT", address(path, questions), file, "application/pdf", 600);

async function ask(method, url, body, type, seconds = SECONDS) {
  try {
    return await once(method, url, body, type, seconds);
  } catch (problem) {
    if (method === "GET" || problem.status !== 403) throw problem;
    // after a new sign-in the page holds the token of the old one; and somebody else may have signed in
    const me = await once("GET", address("/api/me"), undefined, undefined, SECONDS);
    if (me.id !== person.id) throw new Problem("other-person", { status: 403, words: me.name ?? me.id });
    if (!me.csrf || me.csrf === token) throw problem;
    token = me.csrf;
    return once(method, url, body, type, seconds);
  }
}

async function once(method, url, body, type, seconds) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  try {
    const headers = { accept: "application/json" };
    if (type) headers["content-type"] = type;
    if (method !== "GET") headers["x-review-token"] = token;
    const answer = await fetch(url, { method, headers, body, signal: stop.signal, credentials: "same-origin", redirect: "error" });
    return await read(answer);
  } catch (problem) {
    if (problem instanceof Problem) throw problem;
    throw new Problem("network", { words: "the review cannot be reached" });
  } finally {
    clearTimeout(timer);
  }
}

async function read(answer) {
  let content = null;
  try {
    content = JSON.parse(await answer.text());
  } catch (problem) {
    if (!(problem instanceof SyntaxError)) throw problem;
  }
  if (answer.ok && content !== null) return content;
  const said = { status: answer.status, words: content?.error ?? "", hint: content?.hint ?? "", pause: pauseOf(answer) };
  if (answer.status === 401) throw new Problem("signed-out", said);
  if (answer.status === 507) throw new Problem("full", said);
  if (answer.status === 429) throw new Problem("slow-down", said);
  // only the review itself refuses for good, and it says why; a proxy's page of HTML does not
  if (answer.status >= 400 && answer.status < 500 && said.words) throw new Problem("refused", said);
  throw new Problem("busy", said);
}

function pauseOf(answer) {
  const seconds = Number(answer.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 300) : 0;
}
