"use strict";

// What a reader without scripts does not miss: sorting, searching and details that open for print.

const valueOf = (cell) => {
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text.replace(/,/g, "").replace(/\s*%$/, ""));
  return text === "" ? -Infinity : Number.isNaN(number) ? text : number;
};

const before = (one, other) =>
  typeof one === typeof other
    ? typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true })
    : typeof one === "number" ? -1 : 1;

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    if (heading.dataset.fixed !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "⇅";
    button.setAttribute("aria-label", `sort by ${heading.textContent.trim()}`);
    button.addEventListener("click", () => {
      const rises = heading.getAttribute("aria-sort") === "descending" || (heading.ariaSort === null && !heading.matches(".n"));
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", rises ? "ascending" : "descending");
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
      rows.sort(([one], [other]) => (rises ? 1 : -1) * before(one, other));
      body.append(...rows.map(([, row]) => row));
    });
    heading.append(button);
  });
}

function searchable(table) {
  const label = document.createElement("label");
  label.className = "tool";
  const field = document.createElement("input");
  field.type = "search";
  label.append(`Find ${table.dataset.search} `, field);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
  table.closest(".wide").before(label);
}

function orderable(matrix) {
  const [head, body] = [matrix.tHead.rows[0], matrix.tBodies[0]];
  const rows = [...body.rows];
  const cells = new Map([head, ...rows].map((row) => [row, [...row.cells].slice(1)]));
  const classes = [...rows.keys()];
  const mistakes = [...classes].sort((one, other) => rows[other].dataset.wrong - rows[one].dataset.wrong);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tool";
  button.textContent = "Most mistakes first";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const pressed = button.getAttribute("aria-pressed") === "false";
    const order = pressed ? mistakes : classes;
    button.setAttribute("aria-pressed", pressed);
    body.append(...order.map((at) => rows[at]));
    cells.forEach((of, row) => row.append(...order.map((at) => of[at])));
  });
  matrix.closest(".wide").before(button);
}

document.querySelectorAll("table[data-matrix]").forEach(orderable);
document.querySelectorAll("table[data-sortable]").forEach(sortable);
document.querySelectorAll("table[data-search]").forEach(searchable);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
