"use strict";
/* The item browser. Data lie in the page as base64 of zlib streams: #index with a column an array and a
 * row an item, and blocks #b0, #b1 ... of BLOCK items each. Texts of items reach the page as text nodes only. */
(() => {
const ROW = 32, BLOCK = +document.documentElement.dataset.block, CACHE = 80, TEXT_MAX = 100000;
const MARKS = {R: ["\u2713", "right"], W: ["\u2717", "wrong"], U: ["?", "unparsed"], C: ["\u2026", "cut off"],
  E: ["\u2205", "empty"], F: ["!", "refused"], "-": ["\u00b7", "not run"]};
/* Controls, controls of direction and what has no width; joiners of words and emoji stay. */
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const ran = o => o !== "-", no = o => ran(o) && o !== "R";
const FILTERS = [
  ["all", () => "all items", () => true, 1],
  ["right", a => a + " right", a => a === "R", 1],
  ["wrong", a => a + " not right", no, 1],
  ["none", a => a + " gave no answer", a => "UCEF".includes(a), 1],
  ["flips", (a, b) => `one of ${a}, ${b} right (flips)`, (a, b) => ran(a) && ran(b) && (a === "R") !== (b === "R"), 2],
  ["only-a", (a, b) => `only ${a} right, not ${b}`, (a, b) => a === "R" && no(b), 2],
  ["only-b", (a, b) => `only ${b} right, not ${a}`, (a, b) => b === "R" && no(a), 2],
  ["both", () => "both right", (a, b) => a === "R" && b === "R", 2],
  ["neither", () => "neither right", (a, b) => no(a) && no(b), 2],
];
const $ = id => document.getElementById(id);
const root = document.documentElement;
const state = {q: "", t: "", f: "all", a: 0, b: 1, item: -1, v: 0};
const blocks = new Map();
let index, rows = [], search = 0, opening = 0;

const point = c => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
const plain = s => s.replace(HIDDEN, c => "\u27e8" + point(c) + "\u27e9");

function el(tag, cls, ...kids) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  node.append(...kids.filter(k => k !== null && k !== undefined));
  return node;
}

/* Text with what cannot be seen made visible, in a <pre>; a very long one is cut until it is asked for. */
function pre(text) {
  const box = el("pre");
  box.dir = "ltr";
  box.tabIndex = 0;
  const fill = n => {
    let at = 0;
    const part = text.slice(0, n);
    box.replaceChildren();
    for (const m of part.matchAll(HIDDEN)) {
      const mark = el("span", "ctl", point(m[0]));
      box.append(part.slice(at, m.index), mark);
      at = m.index + m[0].length;
    }
    box.append(part.slice(at));
  };
  fill(TEXT_MAX);
  if (text.length <= TEXT_MAX) return box;
  const more = el("button", "more", `show all ${text.length.toLocaleString("en")} characters`);
  more.onclick = () => { fill(text.length); more.remove(); };
  return el("div", "", box, more);
}

async function unpack(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

async function block(n) {
  let b = blocks.get(n);
  if (!b) b = await unpack("b" + n);
  blocks.delete(n); /* the newest last */
  blocks.set(n, b);
  if (blocks.size > CACHE) blocks.delete(blocks.keys().next().value);
  return b;
}

async function load(row) {
  const b = await block(Math.floor(row / BLOCK)), [prefix, item] = b.r[row % BLOCK];
  return {prefix: prefix < 0 ? "" : b.f[prefix], item};
}

/* ---- which items ---- */

const run = (row, n) => index.o[row][n] || "-";
const inTask = (row, t) => !t || index.tasks[index.t[row]].name === t || index.tasks[index.t[row]].parent === t;

/* All of an item's own text: the few-shot part is others'. */
function haystack(row, item) {
  const parts = [index.id[row], item.p || "", ...(item.ps || []), item.t, ...(item.c || [])];
  for (const r of item.r)
    if (r) {
      for (const s of r.s || []) parts.push(s.text, JSON.stringify(s.verdict) || "");
      for (const a of r.a || []) parts.push(a[2]);
      if (r.msg) parts.push(r.msg);
    }
  return parts.join("\n").toLowerCase();
}

async function filter() {
  const mine = ++search, q = state.q.toLowerCase(), test = (FILTERS.find(f => f[0] === state.f) || FILTERS[0])[2];
  const wanted = [];
  for (let r = 0; r < index.id.length; r++)
    if (inTask(r, state.t) && test(run(r, state.a), run(r, state.b))) wanted.push(r);
  if (!q) return show(wanted, "");
  const found = [];
  show(found, "searching\u2026");
  for (let i = 0; i < wanted.length;) {
    const n = Math.floor(wanted[i] / BLOCK), b = await block(n);
    if (mine !== search) return;
    for (; i < wanted.length && Math.floor(wanted[i] / BLOCK) === n; i++)
      if (haystack(wanted[i], b.r[wanted[i] % BLOCK][1]).includes(q)) found.push(wanted[i]);
    show(found, i < wanted.length ? `searched ${Math.floor(100 * i / wanted.length)} %` : "");
  }
}

/* ---- the list ---- */

function show(found, doing) {
  rows = found;
  $("count").textContent = `${found.length.toLocaleString("en")} of ${index.id.length.toLocaleString("en")} items` +
    (doing ? ", " + doing : "");
  $("space").style.height = found.length * ROW + "px";
  draw();
}

function mark(o, name) {
  const [sign, word] = MARKS[o] || MARKS["-"], node = el("span", "mark " + o, sign);
  node.title = name + ": " + word;
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", node.title);
  return node;
}

function draw() {
  const list = $("list"), first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
  const last = Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 8), out = [];
  for (let k = first; k < last; k++) {
    const r = rows[k], node = el("div", "row", el("span", "task", index.tasks[index.t[r]].name),
      ...index.runs.map((name, n) => mark(run(r, n), name)), el("span", "text", plain(index.s[r])));
    node.id = "r" + r;
    node.style.top = k * ROW + "px";
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", r === state.item);
    node.setAttribute("aria-setsize", rows.length);
    node.setAttribute("aria-posinset", k + 1);
    node.firstChild.title = index.tasks[index.t[r]].name;
    node.onclick = () => select(r);
    out.push(node);
  }
  if (!rows.length) out.push(el("p", "empty", "No item is like that."));
  $("space").replaceChildren(...out);
  if (state.item >= 0 && $("r" + state.item)) list.setAttribute("aria-activedescendant", "r" + state.item);
  else list.removeAttribute("aria-activedescendant");
}

function reveal(k) {
  const list = $("list"), top = k * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

function move(step) {
  const k = rows.indexOf(state.item), to = k < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, k + step));
  if (!rows.length) return;
  reveal(to);
  select(rows[to]);
}

/* ---- one item ---- */

function choices(item) {
  const table = el("table", "choices"), head = el("tr", "", el("th", "", "choice")), runs = [];
  item.r.forEach((r, n) => { if (r && r.l) runs.push([n, r]); });
  for (const [n] of runs) head.append(el("th", "lp", index.runs[n]));
  const body = el("tbody");
  const shares = runs.map(([, r]) => {
    const top = Math.max(...r.l), e = r.l.map(x => Math.exp(x - top)), sum = e.reduce((x, y) => x + y, 0);
    return e.map(x => x / sum);
  });
  item.c.forEach((text, i) => {
    const right = i === item.g, name = el("th", "", plain(text), right ? el("span", "R", " \u2713 right answer") : null);
    const tr = el("tr", right ? "gold" : "", name);
    name.scope = "row";
    runs.forEach(([, r], k) => {
      const fill = el("span", "fill"), share = shares[k][i];
      fill.style.width = 100 * share + "%";
      tr.append(el("td", "lp", `${r.l[i].toFixed(2)} \u00b7 ${(100 * share).toFixed(0)} %` +
        (r.n && r.n[i] > 1 ? ` \u00b7 ${(r.l[i] / r.n[i]).toFixed(2)} a token` : ""), el("span", "track", fill)));
    });
    body.append(tr);
  });
  table.append(el("thead", "", head), body);
  return el("div", "scroll", table);
}

function ask(item, prefix) {
  const out = [];
  if (prefix) {
    const box = el("details", "", el("summary", "", `Few-shot part (${prefix.length.toLocaleString("en")} characters)`));
    box.ontoggle = () => { if (box.open && box.children.length < 2) box.append(pre(prefix)); };
    out.push(box);
  }
  if (item.ps) item.ps.forEach((p, i) => out.push(el("h3", "", `Prompt of choice ${i + 1}`), pre(p)));
  else if (item.p !== undefined) out.push(el("h3", "", "Prompt"), pre(item.p));
  return out;
}

function verdict(v) {
  const word = el("p", "", "Verdict: ", el("span", "verdict " + (v.verdict === "passed" ? "R" : "W"), plain(String(v.verdict))));
  if (v.detail) word.append(" \u2014 " + plain(String(v.detail)));
  if (typeof v.wall_ms === "number") word.append(` (${v.wall_ms.toFixed(0)} ms)`);
  return [word, v.output ? pre(String(v.output)) : null];
}

function answers(r, n) {
  const [sign, word] = MARKS[r.o] || MARKS["-"], out = [];
  out.push(el("h3", "", el("span", r.o, sign + " " + word), " \u2014 " + index.runs[n]));
  const m = r.m.map(([name, x]) => `${name} = ${x === null ? "none" : +x.toFixed(4)}`);
  out.push(el("p", "small muted", [...m, `${r.k} tokens of context`].join("; ")));
  if (r.msg) out.push(pre(r.msg));
  if (r.ask) out.push(el("p", "small muted", "This run was asked differently:"), ...ask(r.ask, r.ask.f));
  for (const s of r.s || []) {
    out.push(el("p", "small muted", `wrote, until ${s.finish}:`), pre(s.text));
    if (s.verdict) out.push(...verdict(s.verdict));
  }
  for (const a of r.a || [])
    if (!(r.s && r.s[0] && r.s[0].text === a[2]))
      out.push(el("p", "small", `answer by ${a[1]}: `, el("strong", "", a[2] ? plain(a[2]) : "none")));
  return out;
}

async function select(r) {
  const mine = ++opening, box = $("item");
  state.item = r;
  remember();
  draw();
  const {item, prefix} = await load(r);
  if (mine !== opening) return;
  const task = index.tasks[index.t[r]], close = el("button", "", "Close (Esc)");
  close.onclick = shut;
  const link = el("a", "small", "link to this item");
  link.href = location.hash;
  const title = el("h2", "", `${task.name} \u00b7 ${plain(index.id[r])}`);
  box.replaceChildren(el("div", "head", el("div", "", title, link), close), ...ask(item, prefix));
  if (item.c && item.r.some(x => x && x.l))
    box.append(el("h3", "", "Choices"), choices(item),
      el("p", "small muted", "Log-probability in nats; the bar is the choice\u2019s share among the choices."));
  item.r.forEach((x, n) => { if (x) box.append(...answers(x, n).filter(Boolean)); });
  if (item.t && !(item.c && item.c[item.g] !== undefined)) box.append(el("h3", "", "Target"), pre(item.t));
  box.hidden = false;
  box.scrollTop = 0;
  $("browser").classList.add("open");
  draw();
  if (matchMedia("(max-width: 900px)").matches) box.scrollIntoView({block: "nearest"});
}

function shut() {
  opening++;
  state.item = -1;
  $("item").hidden = true;
  $("browser").classList.remove("open");
  remember();
  draw();
  $("list").focus({preventScroll: true});
}

/* ---- the view is in the address ---- */

let written = "";
const second = () => Math.min(1, index.runs.length - 1);

function remember() {
  const p = new URLSearchParams();
  for (const k of ["q", "t"]) if (state[k]) p.set(k, state[k]);
  if (state.f !== "all") p.set("f", state.f);
  if (state.a !== 0) p.set("a", state.a);
  if (state.b !== second()) p.set("b", state.b);
  if (state.item >= 0) p.set("item", state.item);
  if (state.v > 0) p.set("v", state.v);
  written = "#" + p;
  if (location.hash !== written && (location.hash || String(p))) history.replaceState(null, "", written);
}

function recall() {
  const p = new URLSearchParams(location.hash.slice(1));
  const number = (k, least, most, other) => /^\d{1,9}$/.test(p.get(k) || "") && +p.get(k) >= least && +p.get(k) < most ? +p.get(k) : other;
  state.q = p.get("q") || "";
  state.t = index.tasks.some(t => t.name === p.get("t") || t.parent === p.get("t")) ? p.get("t") : "";
  state.f = FILTERS.some(f => f[0] === p.get("f") && f[3] <= index.runs.length) ? p.get("f") : "all";
  state.a = number("a", 0, index.runs.length, 0);
  state.b = number("b", 0, index.runs.length, second());
  const item = number("item", 0, index.id.length, -1);
  view(number("v", 0, $("view") ? $("view").length : 1, 0));
  menus();
  const done = filter();
  if (item >= 0) {
    const k = rows.indexOf(item);
    if (k >= 0) reveal(Math.min(rows.length - 1, k + 3));
    return Promise.all([done, select(item)]);
  }
  if (state.item >= 0) shut();
  return done;
}

/* ---- controls ---- */

function options(menu, list, value) {
  menu.replaceChildren(...list.map(([v, text]) => {
    const o = el("option", "", text);
    o.value = v;
    return o;
  }));
  menu.value = value;
}

function menus() {
  const a = index.runs[state.a], b = index.runs[state.b], tasks = [["", "all benchmarks"]];
  let last = "";
  for (const t of index.tasks) {
    if (t.parent && t.parent !== last) tasks.push([t.parent, `${t.title} (all)`]);
    tasks.push([t.name, (t.parent ? "\u2003" : "") + t.name]);
    last = t.parent;
  }
  options($("task"), tasks, state.t);
  options($("filter"), FILTERS.filter(f => f[3] <= index.runs.length).map(f => [f[0], f[1](a, b)]), state.f);
  for (const id of ["a", "b"]) {
    options($(id), index.runs.map((name, n) => [n, name]), state[id]);
    $(id).parentNode.hidden = index.runs.length < 2;
  }
  $("q").value = state.q;
}

/* Figures and scores are there once for each way to score. */
function view(v) {
  state.v = v;
  if ($("view")) $("view").value = v;
  for (const node of document.querySelectorAll("[data-view]")) node.hidden = +node.dataset.view !== v;
}

function change(key, value) {
  state[key] = value;
  if (key === "a" || key === "b") menus();
  $("list").scrollTop = 0;
  remember();
  filter();
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const at = document.activeElement, typing = at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
  if (typing) {
    if (e.key === "Escape" || (at === $("q") && (e.key === "Enter" || e.key === "ArrowDown"))) {
      e.preventDefault();
      $("list").focus();
    }
    return;
  }
  const inList = at === $("list"), step = {j: 1, k: -1, ArrowDown: inList ? 1 : 0, ArrowUp: inList ? -1 : 0}[e.key];
  if (step) move(step);
  else if (e.key === "Enter" && inList) move(0);
  else if (e.key === "/") $("q").focus();
  else if (e.key === "Escape" && state.item >= 0) shut();
  else return;
  e.preventDefault();
}

async function start() {
  index = await unpack("index");
  let wait = 0, drawing = 0;
  $("q").oninput = () => { clearTimeout(wait); wait = setTimeout(() => change("q", $("q").value), 150); };
  $("task").onchange = e => change("t", e.target.value);
  $("filter").onchange = e => change("f", e.target.value);
  for (const id of ["a", "b"]) $(id).onchange = e => change(id, +e.target.value);
  $("list").onscroll = () => { cancelAnimationFrame(drawing); drawing = requestAnimationFrame(draw); };
  addEventListener("resize", draw);
  addEventListener("keydown", keys);
  addEventListener("hashchange", () => { if (location.hash !== written) recall(); });
  if ($("view")) {
    $("views").hidden = false;
    $("view").onchange = e => { view(+e.target.value); remember(); };
  }
  $("items").hidden = false;
  await recall();
  if (/^#(?!v=\d+$)./.test(location.hash)) $("items-h").scrollIntoView();
  root.dataset.ready = Math.round(performance.now());
}

addEventListener("error", e => { root.dataset.error = e.message; });
addEventListener("unhandledrejection", e => { root.dataset.error = e.reason; });
if (typeof DecompressionStream === "undefined") $("old").hidden = false;
else start();
})();
