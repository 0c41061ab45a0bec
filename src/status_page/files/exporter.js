// The exporter's own health.

import { el, text } from "./dom.js";
import { bytes, count, duration, number, shown } from "./format.js";
import { health } from "./groups.js";
import { badge, facts, section, setBadge, value } from "./parts.js";
import { follow } from "./poll.js";
import { Table } from "./table.js";

const TERMS = {
  cluster: { rights: "Rights missing", offsets: "Last read of log ends", topics: "Last read of metadata", failures: "Refresh errors", dropped: "Commits dropped", refused: "Groups refused" },
  consumer: { rights: "Rights missing", records: "Records read", errors: "Record errors", behind: "Records behind" },
};
const HELD = { groups: "Groups held", "group-partitions": "Group partitions held", memory: "Memory of groups and topics" };
const words = (name) => name.replaceAll("_", " ");
const sum = (counts) => counts.reduce((all, { count: one }) => all + one, 0);
const listed = (counts) => (counts.length === 0 ? "none" : counts.map(({ name, count: one }) => `${words(name)} ${number(one)}`).join(", "));

const lacking = (rights) => (rights.length === 0 ? "none that is known" : rights.map(({ operation, resource }) => `${operation} on ${shown(resource)}`).join(", "));

export function exporterView(main) {
  const cards = new Map();
  const list = facts({ state: "Readiness", running: "Running for", version: "Version", ...HELD });
  const modules = el("div", { class: "modules" });
  main.append(el("h1", {}, "Exporter"), list.node, modules);
  document.title = "Exporter \u00b7 warrener";

  function show(body) {
    const late = body.modules.filter((module) => !module.ready).length;
    list.set("state", late === 0 ? "everything has been read once" : `${count(late, "module")} still reading`);
    list.set("running", duration(body.running));
    list.set("version", body.version);
    for (const { name, held, limit } of body.storage) {
      const words = name === "memory" ? bytes : number;
      list.set(name, limit === null ? words(held) : `${words(held)} of ${words(limit)}`);
    }
    for (const module of body.modules) {
      const name = `${module.kind} ${module.module}`;
      if (!cards.has(name)) {
        cards.set(name, card(module));
        modules.append(cards.get(name).node);
      }
      cards.get(name).fill(module, body.now);
    }
  }

  follow(() => "api/exporter", show, () => {});
}

function card(module) {
  const state = badge();
  const remark = el("span", { class: "remark" });
  const progress = el("progress", { max: 1, value: 0, "aria-label": "read so far", hidden: true });
  const list = facts(TERMS[module.kind]);
  const types = counts("Records by type", "type");
  const parts = new Table({
    caption: "partitions of the offsets topic", fit: true, key: ([partition]) => String(partition), empty: () => "No partition is read yet.",
    columns: [
      { name: "partition", label: "Partition", number: true, head: true, sort: ([partition]) => partition, fill: (cell, [partition]) => value(cell, String(partition)) },
      { name: "behind", label: "Records behind", number: true, sort: ([, behind]) => behind, fill: (cell, [, behind]) => value(cell, number(behind)) },
    ],
  });
  const reader = module.kind === "consumer"
    ? [el("details", {}, el("summary", {}, "Records by type"), types.node), el("details", {}, el("summary", {}, "Offsets topic by partition"), parts.node)] : [];
  const node = section(`${module.kind} ${shown(module.module)}`, el("p", { class: "verdict" }, state, remark), progress, list.node, ...reader);
  if (module.cluster !== module.module) node.firstChild.append(el("span", { class: "of" }, ` of cluster ${shown(module.cluster)}`));

  function fill(now, at) {
    const [word, kind, said] = health([now], at);
    setBadge(state, word, kind);
    text(remark, kind === "ok" ? "" : said);
    progress.hidden = now.ready || now.total === null;
    if (now.total !== null) [progress.max, progress.value] = [Math.max(1, now.total), now.done];
    list.set("rights", lacking(now.missing_rights ?? []));
    if (now.reader) {
      list.set("records", number(sum(now.reader.records)));
      list.set("errors", listed(now.reader.errors));
      const behind = now.reader.behind.reduce((all, [, records]) => all + records, 0);
      list.set("behind", now.reader.behind.length === 0 ? null : number(behind), "no partition is read yet");
      types.show(now.reader.records);
      parts.show([...now.reader.behind].sort(([a, x], [b, y]) => y - x || a - b));
    } else {
      for (const kind_ of ["offsets", "topics"]) {
        const last = now.refreshes.find((refresh) => refresh.kind === kind_)?.last ?? null;
        list.set(kind_, last === null ? null : `${duration(at - last)} ago`, "not read yet");
      }
      list.set("failures", listed(now.refreshes.flatMap((refresh) => refresh.errors.map((error) => ({ ...error, name: `${refresh.kind} ${error.name}` })))));
      list.set("dropped", listed(now.dropped ?? []));
      list.set("refused", now.incomplete ? `${number(now.refused)}, ${number(now.incomplete)} more incomplete` : number(now.refused));
    }
  }
  return { node, fill };
}

function counts(caption, what) {
  return new Table({
    caption, fit: true, key: ({ name }) => name, empty: () => "None yet.",
    columns: [
      { name: what, label: "Type", head: true, sort: ({ name }) => name, fill: (cell, { name }) => value(cell, words(name)) },
      { name: "count", label: "Records", number: true, sort: ({ count: one }) => one, fill: (cell, { count: one }) => value(cell, number(one)) },
    ],
  });
}
