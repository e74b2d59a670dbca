"use strict";

const element = (id) => document.getElementById(id);
const SURE = 0.9;
const MOST_NAMES = 30;
let runs = [];
let token = "";
let shown = null; // the file whose classes are shown
let latest = 0; // number of the newest request: the answer to an older one is not shown
let starts = 0; // the same of questions for the runs, as after another token

/** Sends a request; an answer that is none becomes an error with the server's own sentence. */
async function ask(path, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = new Error(sentence(answer.error || `the server answered with ${response.status}`));
    error.status = response.status;
    throw error;
  }
  return answer;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function percent(probability) {
  if (probability > 0.999) return "more than 99.9 %";
  if (probability < 0.001) return "less than 0.1 %";
  return `${(100 * probability).toFixed(1)} %`;
}

/** What a person wants to know first: which class, and whether the network is sure of it. */
function verdict(top) {
  const [first, second] = top;
  if (second && 2 * second.probability >= first.probability) {
    return `Not sure: ${first.class} (${percent(first.probability)}) or ${second.class} (${percent(second.probability)}).`;
  }
  const words = first.probability >= SURE ? "Sure" : "Probably";
  return `${words}: ${first.class} (${percent(first.probability)}).`;
}

function say(text, isWrong = false) {
  element("verdict").textContent = text;
  element("verdict").classList.toggle("wrong", isWrong);
}

function show(top) {
  say(verdict(top));
  element("classes").replaceChildren(
    ...top.map((each) => {
      const line = document.createElement("li");
      const name = document.createElement("span");
      const share = document.createElement("span");
      const bar = document.createElement("progress");
      name.className = "name";
      name.textContent = each.class;
      share.className = "share";
      share.textContent = percent(each.probability);
      bar.value = each.probability;
      bar.setAttribute("aria-hidden", "true"); // the number beside it says the same
      line.append(name, share, bar);
      return line;
    }),
  );
}

/** Where the brightest place of a map is, in words: "at the top left". */
function place(map) {
  let [top, left] = [0, 0];
  map.forEach((row, y) => row.forEach((value, x) => value > map[top][left] && ([top, left] = [y, x])));
  const third = (at, count) => Math.min(2, Math.floor((3 * at) / count));
  const down = ["top", "", "bottom"][third(top, map.length)];
  const across = ["left", "", "right"][third(left, map[0].length)];
  return down || across ? `at the ${[down, across].filter(Boolean).join(" ")}` : "in the middle";
}

function describeEvidence(answer) {
  if (!answer.map.flat().some((value) => value > 0)) return sentence(answer.note);
  const reason = answer.note ? ` ${sentence(answer.note)}` : "";
  return (
    `Evidence for ${answer.class}: strongest ${place(answer.map)}; located to ${answer.pixels} pixels of the image. ` +
    `With the brightest tenth covered, its probability is ${percent(answer.hottest_covered)}; with as much covered ` +
    `elsewhere, ${percent(answer.elsewhere_covered)}.${reason} This is where the evidence was, not why.`
  );
}

/** Darkens the image where there was little evidence, and draws a line around all that has half of the greatest. */
function drawMap({ map, image }) {
  const [rows, columns, dark] = [map.length, map[0].length, 190];
  const cells = new ImageData(columns, rows);
  map.flat().forEach((value, index) => (cells.data[4 * index + 3] = dark * (1 - value)));
  const small = document.createElement("canvas");
  [small.width, small.height] = [columns, rows];
  small.getContext("2d").putImageData(cells, 0, 0);
  const canvas = element("map");
  const scale = 480 / Math.max(image.height, image.width);
  canvas.width = Math.max(1, Math.round(scale * image.width));
  canvas.height = Math.max(1, Math.round(scale * image.height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const isWithin = (x, y) => data[4 * (y * width + x) + 3] <= dark / 2;
  context.fillStyle = "white";
  for (let y = 1; y < height; y++) {
    for (let x = 1; x < width; x++) {
      const here = isWithin(x, y);
      if (here !== isWithin(x - 1, y) || here !== isWithin(x, y - 1)) context.fillRect(x - 1, y - 1, 2, 2);
    }
  }
}

function hideMap() {
  element("map").hidden = true;
  element("where").textContent = "Where was the evidence?";
  element("evidence").textContent = "";
  element("evidence").classList.remove("wrong");
}

async function showMap() {
  if (!element("map").hidden) return hideMap();
  const number = ++latest;
  hideMap();
  element("evidence").textContent = "Looking …";
  try {
    const answer = await send("heatmap", shown);
    if (number !== latest) return;
    element("evidence").textContent = describeEvidence(answer);
    if (answer.map.flat().some((value) => value > 0)) {
      drawMap(answer);
      element("map").setAttribute("aria-label", `Map of the evidence for ${answer.class}`);
      element("map").hidden = false;
      element("where").textContent = "Hide the evidence";
    }
  } catch (error) {
    if (number !== latest) return;
    element("evidence").textContent = error.message;
    element("evidence").classList.add("wrong");
  }
}

/** Sends an image to one of the addresses of the chosen run. */
function send(what, file) {
  return ask(`runs/${encodeURIComponent(element("run").value)}/${what}`, {
    method: "POST",
    body: file,
    headers: { "Content-Type": "application/octet-stream" },
  });
}

async function classify(file) {
  if (!file) return;
  const number = ++latest;
  hideMap();
  element("where").hidden = true;
  URL.revokeObjectURL(element("image").src);
  element("image").src = URL.createObjectURL(file);
  element("image").hidden = false;
  element("image").alt = `The image to classify: ${file.name || "pasted"}`;
  element("classes").replaceChildren();
  element("answer").hidden = false;
  say("Classifying …");
  try {
    const answer = await send("predict", file);
    if (number !== latest) return;
    show(answer.predictions[0].top);
    shown = file;
    element("where").hidden = false;
  } catch (error) {
    if (number === latest) say(error.message, true);
    if (error.status === 401) askForToken();
  }
}

function describe() {
  const run = runs.find((each) => each.name === element("run").value);
  const others = run.classes.length - MOST_NAMES;
  const names = run.classes.slice(0, MOST_NAMES).join(", ") + (others > 0 ? ` and ${others} more` : "");
  element("known").textContent = `This network knows ${names}. Of anything else it names the most similar one.`;
  element("known").hidden = false;
}

function askForToken() {
  element("token-form").hidden = false;
  element("choice").hidden = true;
  element("token").focus();
}

async function start() {
  const number = ++starts;
  try {
    const answer = await ask("runs");
    if (number !== starts) return;
    runs = answer.runs;
  } catch (error) {
    if (number !== starts) return;
    if (error.status === 401) return askForToken();
    element("answer").hidden = false;
    element("image").hidden = true;
    return say(error.message, true);
  }
  element("token-form").hidden = true;
  element("answer").hidden = true;
  element("run").replaceChildren(...runs.map((each) => new Option(each.name)));
  element("run-choice").hidden = runs.length < 2;
  element("choice").hidden = false;
  describe();
}

for (const id of ["file", "camera"]) {
  element(id).addEventListener("change", (event) => {
    classify(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  });
}
element("where").addEventListener("click", showMap);
element("run").addEventListener("change", () => {
  latest++;
  element("answer").hidden = true;
  describe();
});
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = element("token").value.trim();
  start();
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) element("drop").classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").classList.remove("over");
  if (!element("choice").hidden) classify(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  if (!element("choice").hidden) classify(event.clipboardData.files[0]);
});

const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has("token")) {
  token = fragment.get("token"); // a fragment is not sent to the server
  history.replaceState(null, "", location.pathname);
}
start();
