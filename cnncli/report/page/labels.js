"use strict";

// Makes a table of corrections from the boxes that are ticked, and saves it as a file.

const form = document.getElementById("corrections");
const count = document.getElementById("count");
const earlier = JSON.parse(form.dataset.earlier);
const classes = new Set(JSON.parse(form.dataset.classes));
const fields = (item) => ["suggested", "leave-out", "other"].map((name) => item.querySelector(`[name="${name}"]`));

// The class that the reader gives an image, "" to leave it out, or undefined.
function correction(item) {
  const [suggested, leaveOut, other] = fields(item);
  if (other.value) return other.value;
  if (suggested.checked) return item.dataset.suggested;
  return leaveOut.checked ? "" : undefined;
}

function corrections() {
  const all = new Map(earlier);
  for (const item of form.querySelectorAll("li")) {
    const label = correction(item);
    if (label !== undefined) all.set(item.dataset.image, label);
  }
  return all;
}

function show() {
  const added = [...form.querySelectorAll("li")].filter((item) => correction(item) !== undefined).length;
  const before = earlier.length ? `, and ${earlier.length} from before` : "";
  count.textContent = added ? `${added} of ${form.querySelectorAll("li").length} corrected${before}` : "";
}

form.addEventListener("input", (event) => {
  const [suggested, leaveOut, other] = fields(event.target.closest("li"));
  // One answer for an image: the last one
  if (event.target === suggested && suggested.checked) { leaveOut.checked = false; other.value = ""; }
  if (event.target === leaveOut && leaveOut.checked) { suggested.checked = false; other.value = ""; }
  if (event.target === other && other.value) { suggested.checked = false; leaveOut.checked = false; }
  other.setCustomValidity(other.value && !classes.has(other.value) ? "no such class" : "");
  show();
});

const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const rows = [["image", "class"], ...corrections()].map((row) => row.map(cell).join(",") + "\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(rows, { type: "text/csv" }));
  link.download = "corrections.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
