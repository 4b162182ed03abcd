/** Tells the other tabs of this person what was decided here, so that nobody decides twice without knowing. */

import { person, review } from "./api.js";

const channel = globalThis.BroadcastChannel ? new BroadcastChannel(`review/${review}/${person.id}`) : null;

/** {record, stage, verdict (null: taken back), step: what it adds to the number of decided records}. */
export const tell = (said) => channel?.postMessage(said);

/** Calls *deed* with what another tab told. */
export const hear = (deed) => channel?.addEventListener("message", (event) => deed(event.data));
