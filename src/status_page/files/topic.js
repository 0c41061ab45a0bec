// One topic: its groups and its log.

import { el, text } from "./dom.js";
import { count, number, shown } from "./format.js";
import { facts, groupColumns, heading, section, value } from "./parts.js";
import { follow } from "./poll.js";
import { Trails } from "./spark.js";
import { Table } from "./table.js";

const groupKey = (row) => row.name;
const whole = (figure) => (figure === null ? null : number(figure));
const order = (figure) => (figure === null ? null : Number(figure));

export function topicView(main) {
  const trails = new Trails();
  const asked = new URLSearchParams(location.search);
  let topic = { topics: [] };
  const head = heading("topic", asked.get("cluster") ?? "", asked.get("name") ?? "");
  const list = facts({ groups: "Groups", partitions: "Partitions", records: "Records kept", behind: "Under-replicated" });
  const groups = new Table({
    caption: "groups of this topic", key: groupKey, empty: () => "No group has committed to this topic.",
    columns: groupColumns({ trails, key: groupKey, topics: () => topic.topics, clusters: () => false }),
  });
  const columnOf = (name, label, words, why) => ({ name, label, number: true, sort: (row) => order(row[name]), fill: (cell, row) => value(cell, words(row), why) });
  const partitions = new Table({
    caption: "partitions", fit: true, key: (row) => String(row.partition), empty: () => "The topic is not in the metadata.",
    columns: [
      { name: "partition", label: "Partition", number: true, head: true, sort: (row) => row.partition, fill: (cell, row) => value(cell, String(row.partition)) },
      columnOf("start", "Log start", (row) => whole(row.start)),
      columnOf("end", "Log end", (row) => whole(row.end)),
      { name: "kept", label: "Records kept", number: true, sort: (row) => order(kept(row)), fill: (cell, row) => value(cell, whole(kept(row))) },
      columnOf("leader", "Leader", (row) => (row.leader === null ? null : String(row.leader)), "there is no leader"),
      columnOf("preferred", "Preferred leader", (row) => (row.preferred === null ? null : String(row.preferred))),
      columnOf("in_sync", "In sync", (row) => `${row.in_sync} of ${row.replicas}`),
    ],
  });
  const parts = [list.node, section("Groups", el("p", { class: "hint" }, "Lag, status and reason are for this topic only."), groups.node), section("Partitions", partitions.node)];
  const gone = el("p", { class: "none-found" }, "Waiting for the first answer.");
  main.append(head, gone);

  function show(body) {
    topic = body;
    if (gone.isConnected) gone.replaceWith(...parts);
    text(head.querySelector("h1"), shown(body.name));
    document.title = `${shown(body.name)} \u00b7 warrener`;
    for (const row of body.groups) trails.note(groupKey(row), body.now, row.lag, row.trail);
    trails.keep(new Set(body.groups.map(groupKey)));
    const records = body.partitions.map(kept);
    list.set("groups", body.all_groups ? number(body.groups.length) : null, "groups are refused by a limit of warrener");
    list.set("partitions", body.partitions.length === 0 ? null : number(body.partitions.length), "the topic is not in the metadata");
    list.set("records", records.length === 0 || records.includes(null) ? null : number(records.reduce((sum, figure) => sum + BigInt(figure), 0n)));
    const behind = body.partitions.filter((row) => row.in_sync < row.replicas).length;
    list.set("behind", behind === 0 ? "none" : count(behind, "partition"));
    groups.show(body.groups);
    partitions.show(body.partitions);
  }

  function refuse(why) {
    text(gone, why === "no such topic" ? "There is no such topic now." : why);
    const here = parts.find((part) => part.isConnected);
    if (here) {
      here.replaceWith(gone);
      parts.forEach((part) => part.remove());
    }
  }

  follow(() => `api/topic${location.search}`, show, refuse);
}

/** Records between log start and log end, as text. */
function kept(row) {
  return row.start === null || row.end === null ? null : String(BigInt(row.end) - BigInt(row.start));
}
