// Asking again and again, and telling how fresh the answer is.

import { attribute, text } from "./dom.js";
import { clock, duration } from "./format.js";

const EVERY = 3000;
const PATIENCE = 20000;
/** From here on what is shown is called old. */
const STALE = 10000;
/** A slow server is asked less often: the pause is this multiple of the duration of the answer. */
const REST = 5;

const pulse = document.getElementById("pulse");
const pulseText = document.getElementById("pulse-text");
const alarm = document.getElementById("alarm");

/**
 * Shows an address's answer, again every few seconds while the page is seen. `show` takes the body of an answer,
 * `refuse` the words of one that says no. `address` may change from one time to the next.
 */
export function follow(address, show, refuse) {
  let answered = null;
  let opened = performance.now();
  let asking = false;
  let timer = 0;
  let last = null;

  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    clearTimeout(timer);
    const began = performance.now();
    const answer = await fetched();
    const took = answer === null ? 0 : performance.now() - began;
    asking = false;
    timer = setTimeout(ask, Math.max(EVERY, REST * took));
    if (answer !== null) {
      [answered, last] = [performance.now(), new Date()];
      if (answer.ok) {
        text(document.getElementById("version"), answer.body.version);
        show(answer.body);
      } else {
        refuse(answer.body.error);
      }
    }
    tell();
  }

  /** The answer; null where there is none, which the browser tells in its own words. */
  async function fetched() {
    try {
      const answer = await fetch(address(), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      return answer.status >= 500 ? null : { ok: answer.ok, body: await answer.json() };
    } catch {
      return null;
    }
  }

  function tell() {
    const age = performance.now() - (answered ?? opened);
    if (document.hidden) {
      say("paused", "paused");
    } else if (age < STALE) {
      say(answered === null ? "waiting" : "live", answered === null ? "waiting" : `live, ${duration(age)} ago`);
    } else {
      say("stale", `no answer for ${duration(age)}`);
    }
    const stale = pulse.dataset.state === "stale";
    attribute(document.documentElement, "data-stale", stale);
    const since = last === null ? "Nothing is known yet." : `What is shown is from ${clock(last)}.`;
    text(alarm, stale ? `warrener does not answer. ${since}` : "");
    alarm.hidden = !stale;
  }

  function say(state, words) {
    attribute(pulse, "data-state", state);
    text(pulseText, words);
  }

  function wake() {
    if (!document.hidden) {
      // Time spent unseen is not held against the server.
      if (answered === null) opened = performance.now();
      ask();
    }
    tell();
  }

  document.addEventListener("visibilitychange", wake);
  addEventListener("pageshow", wake);
  addEventListener("online", wake);
  setInterval(tell, 1000);
  ask();
  return ask;
}
