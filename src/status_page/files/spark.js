// How a lag went: the points that are known, and their drawing.

import { attribute, svg } from "./dom.js";
import { duration, number } from "./format.js";

const WIDTH = 96;
const HEIGHT = 24;
/** Points kept of each lag, and for how long: flat lists of times and lags, so that ten thousand cost few megabytes. */
const POINTS = 60;
const SPAN = 15 * 60 * 1000;

/** The lags of groups or partitions by key, as far as this page has seen them or received them. */
export class Trails {
  #lists = new Map();

  /** Takes in a lag of now, and where the thing is new what the server knows of its past. */
  note(key, now, lag, past) {
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = (past ?? []).flatMap(([ago, before]) => [now - ago * 1000, Number(before)]);
      this.#lists.set(key, list);
    }
    const value = lag === null ? NaN : Number(lag);
    const size = list.length;
    // A lag that stays the same is the end of a level line.
    if (size >= 4 && same(list[size - 1], value) && same(list[size - 3], value)) list[size - 2] = now;
    else list.push(now, value);
    if (list.length > 2 * POINTS) thin(list);
    while (list.length > POINTS && list[0] < now - SPAN || list.length > 2 * POINTS) list.splice(0, 2);
  }

  /** Times and lags in turn; a lag that was not known is NaN. */
  of(key) {
    return this.#lists.get(key) ?? [];
  }

  /** Forgets all but these keys. */
  keep(keys) {
    for (const key of this.#lists.keys()) {
      if (!keys.has(key)) this.#lists.delete(key);
    }
  }
}

function same(one, other) {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

/** Leaves one point of two in the older half: the higher one. A gap stays a gap. */
function thin(list) {
  const half = (list.length >> 1) & ~3;
  const kept = [];
  for (let at = 0; at < half; at += 4) {
    const [one, other] = [list.slice(at, at + 2), list.slice(at + 2, at + 4)];
    const gaps = [one, other].filter((point) => Number.isNaN(point[1])).length;
    if (gaps === 1) kept.push(...one, ...other);
    else kept.push(...(other[1] > one[1] ? other : one));
  }
  list.splice(0, half, ...kept);
}

/** A drawing without points. */
export function spark() {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const dot = svg("circle", { r: 2, class: "now" });
  const view = `0 0 ${WIDTH} ${HEIGHT}`;
  return svg("svg", { class: "spark", viewBox: view, role: "img", "aria-label": "no history yet" }, area, line, dot);
}

/** Draws points: from the oldest to the newest, from 0 to the highest. */
export function draw(drawing, list) {
  const [area, line, dot] = drawing.children;
  const known = [];
  for (let at = 0; at < list.length; at += 2) {
    if (!Number.isNaN(list[at + 1])) known.push(at);
  }
  const none = known.length < 2;
  attribute(drawing, "data-empty", none);
  if (none) {
    attribute(drawing, "aria-label", "no history yet");
    for (const part of [area, line]) attribute(part, "d", null);
    attribute(dot, "cx", -9);
    return;
  }
  const [first, last] = [known[0], known[known.length - 1]];
  const peak = known.reduce((most, at) => Math.max(most, list[at + 1]), 0);
  const span = Math.max(1, list[last] - list[first]);
  const x = (at) => (2 + ((list[at] - list[first]) / span) * (WIDTH - 5)).toFixed(1);
  const y = (at) => (HEIGHT - 3 - (peak === 0 ? 0 : list[at + 1] / peak) * (HEIGHT - 6)).toFixed(1);
  let [path, fill, open] = ["", "", null];
  const close = (at) => {
    if (open !== null) fill += `V${HEIGHT - 2}H${x(open)}Z`;
    open = at;
  };
  for (let at = first; at <= last; at += 2) {
    if (Number.isNaN(list[at + 1])) {
      close(null);
    } else if (open === null) {
      open = at;
      path += `M${x(at)} ${y(at)}`;
      fill += `M${x(at)} ${HEIGHT - 2}V${y(at)}`;
    } else {
      path += `L${x(at)} ${y(at)}`;
      fill += `L${x(at)} ${y(at)}`;
    }
  }
  close(null);
  attribute(line, "d", path);
  attribute(area, "d", fill);
  attribute(dot, "cx", x(last));
  attribute(dot, "cy", y(last));
  const [from, to] = [list[first + 1], list[last + 1]].map(number);
  attribute(drawing, "aria-label", `lag ${from} to ${to} within ${duration(list[last] - list[first])}, at most ${number(peak)}`);
}
