// One group: every partition with its reason, and the members.

import { el, text } from "./dom.js";
import { count, duration, number, shown, share } from "./format.js";
import { WHY_LOST, WHY_NO_TIME_LAG, badge, facts, heading, href, lagColumns, section, setBadge, setLink, statusColumn, trendColumn, value } from "./parts.js";
import { follow } from "./poll.js";
import { Trails, draw, spark } from "./spark.js";
import { Table } from "./table.js";

const partitionKey = (row) => `${row.topic}\n${row.partition}`;
/** By topic, then by number. */
const place = (row) => `${row.topic}\n${String(row.partition).padStart(10, "0")}`;
const whole = (figure) => (figure === null ? null : number(figure));
const order = (figure) => (figure === null ? null : Number(figure));

export function groupView(main) {
  const trails = new Trails();
  const asked = new URLSearchParams(location.search);
  let group = null;
  const status = badge();
  const reason = el("span", { class: "reason" });
  const trend = spark();
  const list = facts({ lag: "Lag", time: "Time lag", trend: "Trend", members: "Members", state: "State", type: "Type", protocol: "Assignor", last: "Last commit", full: "Windows full" });
  list.of("trend").append(trend);
  const head = heading("group", asked.get("cluster") ?? "", asked.get("name") ?? "");
  const partitions = new Table({ caption: "partitions", key: partitionKey, empty: () => "Nothing is committed or assigned.", columns: columns() });
  const members = new Table({
    caption: "members", key: (row) => `${row.id}\n${row.twin ?? 0}`, empty: () => "No members.",
    columns: [
      { name: "client", label: "Client", head: true, sort: (row) => row.client_id, fill: (cell, row) => value(cell, shown(row.client_id)) },
      { name: "host", label: "Host", sort: (row) => row.host, fill: (cell, row) => value(cell, row.host === "" ? null : shown(row.host.replace(/^\//, "")), "unknown") },
      { name: "owned", label: "Partitions", number: true, sort: (row) => row.partitions, fill: (cell, row) => value(cell, number(row.partitions)) },
      { name: "id", label: "Member id", fill: (cell, row) => value(cell, shown(row.id)) },
    ],
  });
  const verdict = el("p", { class: "verdict" }, status, reason);
  const parts = [verdict, list.node, section("Partitions", partitions.node), section("Members", members.node)];
  const gone = el("p", { class: "none-found" }, "Waiting for the first answer.");
  main.append(head, gone);

  function columns() {
    return [
      statusColumn(),
      {
        name: "name", label: "Topic and partition", head: true, sort: place,
        fill(cell, row) {
          if (cell.childElementCount === 0) cell.append(el("span", { class: "place" }, el("a"), el("span")), el("span", { class: "remark" }));
          const [where, words] = cell.children;
          setLink(where.firstChild, href("topic", group.cluster, row.topic, row.exact), row.topic);
          text(where.lastChild, ` ${row.partition}`);
          text(words, row.reason + (row.purged === null ? "" : `; retention deleted ${number(row.purged)} unread records`));
        },
      },
      { name: "committed", label: "Committed", number: true, sort: (row) => order(row.committed), fill: (cell, row) => value(cell, whole(row.committed), "never committed") },
      { name: "end", label: "Log end", number: true, sort: (row) => order(row.end), fill: (cell, row) => value(cell, whole(row.end)) },
      ...lagColumns((row) => (row.committed === null ? "never committed" : "the log end is not known")),
      { name: "at", label: "Last commit", number: true, sort: (row) => row.at, fill: (cell, row) => value(cell, row.at === null ? null : `${duration(group.now - row.at)} ago`, "never committed") },
      { name: "owner", label: "Owner", sort: (row) => row.owner, fill: (cell, row) => value(cell, row.owner === null ? null : shown(row.owner), "assigned to no member") },
      trendColumn(trails, partitionKey),
    ];
  }

  function show(body) {
    group = body;
    if (gone.isConnected) gone.replaceWith(...parts);
    text(head.querySelector("h1"), shown(body.name));
    document.title = `${body.status ?? "not known"} ${shown(body.name)} \u00b7 warrener`;
    for (const row of body.partitions) trails.note(partitionKey(row), body.now, row.lag, row.trail);
    trails.keep(new Set(["", ...body.partitions.map(partitionKey)]));
    const committed = body.partitions.filter((row) => row.committed !== null);
    const unknown = committed.filter((row) => row.lag === null).length;
    const lag = body.status === null || committed.length === 0 || unknown > 0 ? null : String(committed.reduce((sum, row) => sum + BigInt(row.lag), 0n));
    trails.note("", body.now, lag, body.trail);
    draw(trend, trails.of(""));
    showFacts(body, committed, unknown, lag);
    partitions.show(body.partitions);
    members.show(body.members);
  }

  function showFacts(body, committed, unknown, lag) {
    setBadge(status, body.status);
    const worst = body.partitions[0];
    const words = body.status === "OK" ? "every partition is OK" : `${worst?.reason} (${shown(worst?.topic ?? "")} ${worst?.partition})`;
    text(reason, body.status === null ? WHY_LOST : words);
    const whyNoLag = body.status === null ? WHY_LOST : body.type === "share" ? "the offsets of share groups are not read"
      : committed.length === 0 ? "nothing has been committed" : `the log end of ${count(unknown, "partition")} is not known`;
    list.set("lag", lag === null ? null : number(lag), whyNoLag);
    const times = committed.map((row) => row.time_lag);
    const time = lag === null || times.includes(null) ? null : Math.max(...times);
    list.set("time", time === null ? null : duration(time), lag === null ? whyNoLag : WHY_NO_TIME_LAG);
    const known = body.state !== null;
    list.set("members", known ? number(body.members.length) : null, WHY_LOST);
    list.set("state", known ? body.state.replaceAll("_", " ") : null, WHY_LOST);
    const plain = body.protocol_type === "" || body.protocol_type === body.type;
    list.set("type", !known || plain ? body.type : `${body.type}, ${shown(body.protocol_type)}`, WHY_LOST);
    list.set("protocol", !known || body.protocol === "" ? null : shown(body.protocol), known ? "known only for classic groups with members" : WHY_LOST);
    const last = committed.reduce((newest, row) => Math.max(newest, row.at), 0);
    const none = body.status === null ? WHY_LOST : "nothing has been committed";
    list.set("last", body.status === null || committed.length === 0 ? null : `${duration(body.now - last)} ago`, none);
    list.set("full", body.complete === null ? null : share(body.complete), none);
  }

  function refuse(why) {
    const here = parts.find((part) => part.isConnected);
    text(gone, why === "no such group" ? "There is no such group now. It may have been deleted, or its partition of the offsets topic is still being read." : why);
    if (here) {
      here.replaceWith(gone);
      parts.forEach((part) => part.remove());
    }
  }

  // The address goes on as it came: a name is bytes, which a browser would take for text.
  follow(() => `api/group${location.search}`, show, refuse);
}
