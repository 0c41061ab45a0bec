// What several views show alike.

import { attribute, el, svg, text } from "./dom.js";
import { count, duration, number, shown } from "./format.js";
import { draw, spark } from "./spark.js";

/** Shapes, so that a status can be seen without its colour. */
const SHAPES = {
  bad: "M8 1 15 8 8 15 1 8Z",
  warn: "M8 1.5 15.5 14.5H.5Z",
  ok: "M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3Z",
  none: "M3 7h10v2H3Z",
};
const KINDS = { ERR: "bad", STOP: "bad", STALL: "bad", REWIND: "bad", WARN: "warn", OK: "ok" };

/** A status as a word and a shape. */
export function badge() {
  const shape = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", {}));
  return el("span", { class: "badge" }, shape, el("span"));
}

export function setBadge(node, word, kind = KINDS[word] ?? "none") {
  attribute(node, "data-kind", kind);
  attribute(node.firstChild.firstChild, "d", SHAPES[kind]);
  text(node.lastChild, word ?? "not known");
}

/** The cell's content, made once by `make`. */
export function once(cell, make) {
  if (cell.firstChild === null) cell.append(make());
  return cell.firstChild;
}

/** A value, or a dash that says why there is none. */
export function value(cell, words, why = "not known") {
  const absent = words === null;
  attribute(cell, "data-absent", absent);
  attribute(cell, "title", absent ? why : null);
  if (absent) {
    const dash = once(cell, () => el("span", {}));
    if (dash.childElementCount === 0) dash.replaceChildren(el("span", { "aria-hidden": "true" }, "\u2014"), el("span", { class: "unseen" }));
    text(dash.lastChild, why);
  } else {
    const span = once(cell, () => el("span", {}));
    text(span, words);
  }
}

/** The address of a group's or topic's page; `exact` is given if the name as shown is not enough. */
export function href(view, cluster, name, exact) {
  return `${view}?cluster=${encodeURIComponent(cluster)}&name=${exact ?? encodeURIComponent(name)}`;
}

/** A name that leads somewhere. */
export function setLink(link, address, name) {
  attribute(link, "href", address);
  const words = shown(name);
  text(link, words);
  attribute(link, "title", words.length > 60 ? words : null);
}

/** Why something of a group is not known of which records were refused. */
export const WHY_LOST = "records of the group were refused by a limit of warrener";

/** Why a group's lag is not known. */
export function whyNoLag(row) {
  if (row.status === null) return WHY_LOST;
  if (row.type === "share") return "the offsets of share groups are not read";
  if (row.committed === 0) return "nothing has been committed";
  return `the log end of ${number(row.unknown)} of ${count(row.committed, "partition")} is not known`;
}

export const WHY_NO_TIME_LAG = "the append time of the oldest unread record is not known";

/** What there is to say about a group, beside its numbers. */
function remark(row, topics) {
  if (row.status === null) return WHY_LOST;
  if (row.worst) {
    const more = row.troubled > 1 ? ` and ${number(row.troubled - 1)} more` : "";
    return `${row.worst.reason} (${shown(topics[row.worst.topic])} ${row.worst.partition}${more})`;
  }
  if (row.uncommitted > 0) return `${count(row.uncommitted, "assigned partition")} never committed`;
  return "";
}

export function trendColumn(trails, key) {
  return { name: "trend", label: "Trend", fill: (cell, row) => draw(once(cell, spark), trails.of(key(row))) };
}

export function lagColumns(whyNot) {
  return [
    {
      name: "lag", label: "Lag", number: true, sort: (row) => (row.lag === null ? null : Number(row.lag)),
      fill: (cell, row) => value(cell, row.lag === null ? null : number(row.lag), whyNot(row)),
    },
    {
      name: "time-lag", label: "Time lag", number: true, sort: (row) => row.time_lag,
      fill: (cell, row) => value(cell, row.time_lag === null ? null : duration(row.time_lag), row.lag === null ? whyNot(row) : WHY_NO_TIME_LAG),
    },
  ];
}

export function statusColumn() {
  return { name: "status", label: "Status", sort: null, fill: (cell, row) => setBadge(once(cell, badge), row.status) };
}

/** The columns of a list of groups; `topics` are the names that rows refer to, `clusters` whether there are several. */
export function groupColumns({ trails, key, topics, clusters }) {
  return [
    statusColumn(),
    {
      name: "name", label: "Group", head: true, sort: (row) => row.name,
      fill(cell, row) {
        if (cell.childElementCount === 0) cell.append(el("a"), el("span", { class: "of" }), el("span", { class: "remark" }));
        const [link, of, words] = cell.children;
        setLink(link, href("group", row.cluster, row.name, row.exact), row.name);
        text(of, clusters() ? shown(row.cluster) : "");
        text(words, remark(row, topics()));
      },
    },
    { name: "state", label: "State", sort: (row) => row.state, fill: (cell, row) => value(cell, row.state?.replaceAll("_", " ") ?? null, WHY_LOST) },
    { name: "type", label: "Type", sort: (row) => row.type, fill: (cell, row) => value(cell, row.type, WHY_LOST) },
    { name: "members", label: "Members", number: true, sort: (row) => row.members, fill: (cell, row) => value(cell, row.members === null ? null : number(row.members), WHY_LOST) },
    ...lagColumns(whyNoLag),
    trendColumn(trails, key),
  ];
}

/** A list of facts, each a term and a value: `set(name, words, why)` fills one in. */
export function facts(terms) {
  const values = new Map();
  const list = el("dl", { class: "facts" });
  for (const [name, label] of Object.entries(terms)) {
    const held = el("dd", {});
    values.set(name, held);
    list.append(el("div", {}, el("dt", {}, label), held));
  }
  return { node: list, set: (name, words, why) => value(values.get(name), words, why), of: (name) => values.get(name) };
}

/** The head of a page about one thing. */
export function heading(kind, cluster, name) {
  const words = shown(name);
  return el("header", { class: "head" },
    el("p", { class: "crumbs" }, el("a", { href: "./" }, "Groups"), ` / ${shown(cluster)} / ${kind}`),
    el("h1", {}, words));
}

/** A section with a heading of its own. */
export function section(title, ...children) {
  const id = `s-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), ...children);
}
