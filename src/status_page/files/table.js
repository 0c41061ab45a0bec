// A table of rows that change: sorted, a page of them at a time, and never rebuilt.

import { arrange, attribute, el, text } from "./dom.js";
import { number } from "./format.js";

/** Rows on a page. */
const PAGE = 100;
/** For so long after somebody moved over the rows they keep their order, so that none slips away from a click. */
const HOLD = 2000;

/**
 * Columns are `{ name, label, fill(cell, row), sort?(row), number? }`; `fill` is called for the same cell again and
 * again. A column without `sort` cannot be sorted by; `sort: null` stands for the order in which rows come, the worst
 * first. `address` keeps the order and the page in the page's own address; `fit` makes it no wider than its content.
 */
export class Table {
  #rows = new Map();
  #all = [];
  #page = 0;
  #sort = { name: null, down: true };
  #touched = -HOLD;
  #fresh = true;

  constructor({ caption, columns, key, empty, address = null, fit = false }) {
    Object.assign(this, { columns, key, empty, address });
    this.body = el("tbody", { role: "rowgroup" });
    this.head = columns.map((column) => this.#header(column));
    const table = el("table", { role: "table", class: "rows" },
      el("caption", { class: "unseen" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...this.head)), this.body);
    this.none = el("p", { class: "none-found", hidden: true });
    this.where = el("span", { class: "where" });
    const turn = (by) => () => this.turn(this.#page + by);
    this.before = el("button", { type: "button", click: turn(-1) }, "Previous");
    this.after = el("button", { type: "button", click: turn(1) }, "Next");
    this.pager = el("nav", { class: "pager", "aria-label": `Pages of ${caption}`, hidden: true }, this.before, this.where, this.after);
    this.node = el("div", { class: fit ? "table fit" : "table" }, table, this.none, this.pager);
    for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      this.body.addEventListener(event, () => { this.#touched = performance.now(); }, { passive: true });
    }
    this.#read();
  }

  #header(column) {
    const head = el("th", { scope: "col", role: "columnheader", class: `${column.name}${column.number ? " number" : ""}` });
    if (column.sort === undefined) head.append(column.label);
    else head.append(el("button", { type: "button", class: "sort", click: () => this.#sortBy(column) }, column.label));
    return head;
  }

  #sortBy(column) {
    const name = column.sort === null ? null : column.name;
    const again = this.#sort.name === name && name !== null;
    this.#sort = { name, down: again ? !this.#sort.down : Boolean(column.number) };
    this.turn(0);
  }

  /** Takes the order and the page from the address. */
  #read() {
    if (!this.address) return;
    const asked = new URLSearchParams(location.search);
    const order = asked.get("sort") ?? "";
    const name = order.replace(/^-/, "");
    if (this.columns.some((column) => column.name === name && column.sort)) this.#sort = { name, down: order.startsWith("-") };
    this.#page = Math.max(0, (Number.parseInt(asked.get("page"), 10) || 1) - 1);
  }

  #write() {
    this.address?.({
      sort: this.#sort.name === null ? null : `${this.#sort.down ? "-" : ""}${this.#sort.name}`,
      page: this.#page > 0 ? String(this.#page + 1) : null,
    });
  }

  /** Goes to a page. */
  turn(page) {
    this.#page = page;
    this.#fresh = true;
    this.#paint();
    this.#write();
  }

  /** Shows these rows, the worst first. */
  show(rows) {
    this.#all = rows;
    this.#paint();
  }

  /** Shows rows that were chosen just now: from the first page on, and in their order at once. */
  restart(rows) {
    this.#all = rows;
    this.turn(0);
  }

  #sorted() {
    const column = this.columns.find((one) => one.name === this.#sort.name);
    if (!column?.sort) return this.#all;
    const keyed = this.#all.map((row) => [column.sort(row), row]);
    const sign = this.#sort.down ? -1 : 1;
    // What is not known comes last, whichever way.
    keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === b ? 0 : a < b ? -sign : sign));
    return keyed.map(([, row]) => row);
  }

  #paint() {
    const sorted = this.#sorted();
    const pages = Math.max(1, Math.ceil(sorted.length / PAGE));
    this.#page = Math.min(Math.max(0, this.#page), pages - 1);
    const first = this.#page * PAGE;
    let visible = sorted.slice(first, first + PAGE);
    if (!this.#fresh && performance.now() - this.#touched < HOLD) visible = this.#held(visible);
    this.#fresh = false;
    this.#place(visible);
    this.#tell(sorted.length, first, visible.length, pages);
  }

  /** The rows that stand there, in their order; what else would stand there waits. */
  #held(visible) {
    const now = new Map(this.#all.map((row) => [this.key(row), row]));
    const held = [...this.#rows.keys()].filter((key) => now.has(key));
    return held.length > 0 ? held.map((key) => now.get(key)) : visible;
  }

  #place(visible) {
    const rows = new Map();
    for (const row of visible) {
      const key = this.key(row);
      const node = this.#rows.get(key) ?? this.#row();
      node.cells.forEach((cell, place) => this.columns[place].fill(cell, row));
      attribute(node.tr, "data-status", row.status ?? null);
      rows.set(key, node);
    }
    this.#rows = rows;
    arrange(this.body, [...rows.values()].map((node) => node.tr));
  }

  #row() {
    const cells = this.columns.map((column) => {
      const attributes = { class: `${column.name}${column.number ? " number" : ""}`, "data-label": column.label };
      return column.head ? el("th", { ...attributes, scope: "row", role: "rowheader" }) : el("td", { ...attributes, role: "cell" });
    });
    return { tr: el("tr", { role: "row" }, ...cells), cells };
  }

  #tell(all, first, visible, pages) {
    this.columns.forEach((column, place) => {
      const here = column.sort === null ? this.#sort.name === null : column.name === this.#sort.name;
      attribute(this.head[place], "aria-sort", column.sort === undefined || !here ? null : this.#sort.down ? "descending" : "ascending");
    });
    this.none.hidden = all > 0;
    text(this.none, all > 0 ? "" : this.empty());
    attribute(this.node, "data-empty", all === 0);
    this.pager.hidden = pages < 2;
    text(this.where, `${number(first + 1)} to ${number(first + visible)} of ${number(all)}`);
    this.before.disabled = this.#page === 0;
    this.after.disabled = this.#page >= pages - 1;
  }
}
