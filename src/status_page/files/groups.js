// All groups, the worst first: the first thing that is looked at.

import { attribute, el, text } from "./dom.js";
import { count, duration, number, shown } from "./format.js";
import { badge, groupColumns, setBadge } from "./parts.js";
import { follow } from "./poll.js";
import { Trails } from "./spark.js";
import { Table } from "./table.js";

const STATUSES = [["", "All"], ["ERR", "ERR"], ["WARN", "WARN"], ["OK", "OK"]];
const key = (row) => `${row.cluster}\n${row.name}`;

export function groupsView(main) {
  const trails = new Trails();
  let data = { clusters: [], groups: [], topics: [], now: 0 };
  const asked = new URLSearchParams(location.search);
  const chosen = { q: asked.get("q") ?? "", cluster: asked.get("cluster") ?? "", status: (asked.get("status") ?? "").toUpperCase() };

  const title = el("h1", {}, "Consumer groups");
  const clusters = el("ul", { class: "clusters", "aria-label": "Clusters" });
  const search = el("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", placeholder: "group or topic", input: choose });
  search.value = chosen.q;
  const cluster = el("select", { id: "cluster", change: choose }, el("option", { value: "" }, "All clusters"));
  const clusterField = el("div", { class: "field", hidden: true }, el("label", { for: "cluster" }, "Cluster"), cluster);
  const buttons = STATUSES.map(([status, label]) => {
    const tally = el("span", { class: "tally" });
    const button = el("button", { type: "button", "data-status": status || "ALL", click: () => { chosen.status = status; choose(); } }, `${label} `, tally);
    return { status, button, tally };
  });
  const found = el("p", { class: "unseen", role: "status" });
  const table = new Table({
    caption: "consumer groups", key, empty: nothing, address: keep,
    columns: groupColumns({ trails, key, topics: () => data.topics, clusters: () => data.clusters.length > 1 }),
  });
  main.append(title, clusters,
    el("div", { class: "filters", role: "search" },
      el("div", { class: "field grow" }, el("label", { for: "search" }, "Search"), search),
      clusterField,
      el("div", { class: "field", role: "group", "aria-label": "Status" }, el("span", { class: "label", "aria-hidden": "true" }, "Status"), el("div", { class: "buttons" }, ...buttons.map(({ button }) => button)))),
    found, table.node);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });

  function keep(changes) {
    const now = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) now.set(name, value);
      else now.delete(name);
    }
    const query = now.toString();
    history.replaceState(null, "", query ? `?${query}` : location.pathname);
  }

  /** Takes the choice in: from the fields, into the address, onto the page. */
  function choose() {
    chosen.q = search.value;
    chosen.cluster = cluster.value;
    keep({ ...chosen, status: chosen.status.toLowerCase() });
    const rows = matching(true);
    table.restart(rows);
    paintButtons();
    text(found, `${count(rows.length, "group")} found`);
  }

  /** The rows that the fields let through; `status` counts, too, where it is asked for. */
  function matching(status) {
    const words = chosen.q.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return data.groups.filter((row) => (chosen.cluster === "" || row.cluster === chosen.cluster)
      && (!status || chosen.status === "" || row.status === chosen.status) && words.every((word) => row.text.includes(word)));
  }

  /** How many groups each of the buttons would leave. */
  function paintButtons() {
    const rows = matching(false);
    for (const { status, button, tally } of buttons) {
      text(tally, number(status === "" ? rows.length : rows.filter((row) => row.status === status).length));
      attribute(button, "aria-pressed", String(chosen.status === status));
    }
  }

  function nothing() {
    if (data.groups.length > 0) return "No group matches.";
    const waits = data.clusters.some((one) => one.modules.some((module) => !module.ready));
    if (data.now === 0) return "Waiting for the first answer.";
    return waits ? "No groups yet: they appear as the offsets topic is read." : "There are no consumer groups.";
  }

  function show(body) {
    data = body;
    const topics = body.topics.map((topic) => topic.toLowerCase());
    for (const row of body.groups) {
      row.text = `${row.name.toLowerCase()}\n${shown(row.name).toLowerCase()}\n${row.topics.map((topic) => topics[topic]).join("\n")}`;
      trails.note(key(row), body.now, row.lag, row.trail);
    }
    trails.keep(new Set(body.groups.map(key)));
    showClusters();
    const errors = body.groups.filter((row) => row.status === "ERR").length;
    document.title = errors > 0 ? `${number(errors)} ERR \u00b7 warrener` : "warrener";
    table.show(matching(true));
    paintButtons();
  }

  function showClusters() {
    while (clusters.children.length > data.clusters.length) clusters.lastChild.remove();
    while (clusters.children.length < data.clusters.length) clusters.append(clusterCard());
    data.clusters.forEach((one, place) => fillCluster(clusters.children[place], one, data));
    clusterField.hidden = data.clusters.length < 2;
    const names = data.clusters.map((one) => one.name);
    if (cluster.options.length !== names.length + 1) {
      cluster.append(...names.map((name) => el("option", { value: name }, shown(name))));
      cluster.value = chosen.cluster;
      // A cluster that there is not lets nothing through, as the address says.
      if (cluster.value !== chosen.cluster) cluster.append(el("option", { value: chosen.cluster, selected: true }, shown(chosen.cluster)));
    }
  }

  // The history is asked for once; from then on the page collects it itself.
  follow(() => (data.now === 0 ? "api/groups?trails=1" : "api/groups"), show, () => {});
}

function clusterCard() {
  return el("li", { class: "cluster" }, el("strong"), badge(), el("span", { class: "about" }), el("span", { class: "remark" }));
}

/** How the modules of a cluster are: the word for it, its kind, and what there is to say. */
export function health(modules, now) {
  const down = modules.filter((module) => !module.up);
  const late = modules.filter((module) => !module.ready);
  const steps = late.map((module) => `${module.awaited}${module.total === null ? "" : ` (${number(module.done)} of ${number(module.total)})`}`);
  const read = modules.flatMap((module) => module.refreshes ?? []).find((refresh) => refresh.kind === "offsets")?.last ?? null;
  const age = read === null ? null : `log ends read ${duration(now - read)} ago`;
  if (down.length > 0) {
    const why = (module) => module.trouble ?? "no answer from the servers";
    const who = down.map((module) => (module.kind === "cluster" ? why(module) : `consumer ${shown(module.module)}: ${why(module)}`));
    return ["down", "bad", [...who, age].filter(Boolean).join("; ")];
  }
  if (late.length > 0) return ["up, not ready", "warn", `still ${steps.join("; ")}`];
  return ["up, ready", "ok", age ?? ""];
}

function fillCluster(card, one, data) {
  const [name, state, about, words] = card.children;
  const groups = data.groups.filter((row) => row.cluster === one.name).length;
  text(name, shown(one.name));
  const [word, kind, remark] = health(one.modules, data.now);
  setBadge(state, word, kind);
  const brokers = one.brokers === null ? "brokers not known" : count(one.brokers, "broker");
  const listed = one.refused ? `${count(groups, "group")} listed, ${number(one.refused)} refused` : count(groups, "group");
  text(about, [brokers, count(one.topics, "topic"), listed].join(" \u00b7 "));
  text(words, remark);
}
