"use strict";
// Draws /openapi.json: as a console with forms, or as a continuous reference. Every text goes in as text, never as markup.
const view = document.documentElement.dataset.view;
const methods = ["get", "post", "put", "patch", "delete"];
const main = document.getElementById("main");
let api;

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return node;
}

// Paragraphs, and `code` between backticks: the only markup that descriptions use.
function prose(text) {
  const box = el("div", { class: "prose" });
  for (const part of (text || "").split(/\n\s*\n/).filter(Boolean)) {
    box.append(el("p", {}, part.split("`").map((piece, at) => (at % 2 ? el("code", {}, piece) : piece))));
  }
  return box;
}

function resolve(schema) {
  let seen = 0;
  while (schema && schema.$ref && seen++ < 9) {
    schema = schema.$ref.split("/").slice(1).reduce((at, key) => at && at[key.replace(/~1/g, "/").replace(/~0/g, "~")], api);
  }
  return schema || {};
}

const refName = (schema) => (schema && schema.$ref ? schema.$ref.split("/").pop() : "");

// The alternatives of a schema, without the one that is null.
function choices(schema) {
  return (schema.oneOf || schema.anyOf || []).filter((one) => resolve(one).type !== "null");
}

function shape(schema) {
  const name = refName(schema);
  const it = name && schema.description ? { ...resolve(schema), description: schema.description } : resolve(schema);
  const one = choices(it);
  if (one.length === 1) return shape(one[0]);
  if (it.allOf) return { ...it, properties: Object.assign({}, ...it.allOf.map((part) => shape(part).properties), it.properties), name };
  return { ...it, name };
}

function typeName(schema) {
  const it = resolve(schema);
  const one = choices(it);
  if (one.length) return one.map(typeName).join(" or ") + (one.length < (it.oneOf || it.anyOf).length ? " or null" : "");
  const types = [].concat(it.type || (it.properties ? "object" : it.enum ? "string" : "any"));
  const words = types.map((type) => {
    if (type === "array") return `list of ${typeName(it.items || {})}`;
    if (type === "object" && it.additionalProperties && it.additionalProperties !== true) return `map of ${typeName(it.additionalProperties)}`;
    return type === "string" && it.format ? it.format : type;
  });
  return words.join(" or ");
}

function limits(schema) {
  const it = shape(schema);
  const notes = [];
  if (it.enum) notes.push("one of " + it.enum.filter((value) => value !== null).join(", "));
  if (it.minimum !== undefined || it.maximum !== undefined) notes.push(`${it.minimum ?? "…"} to ${it.maximum ?? "…"}`);
  if (it.maxLength) notes.push(`at most ${it.maxLength} characters`);
  if (it.maxItems) notes.push(`at most ${it.maxItems}`);
  if (it.pattern) notes.push(it.pattern);
  if (it.default !== undefined) notes.push(`default ${JSON.stringify(it.default)}`);
  return notes.join("; ");
}

// The schema whose fields are worth showing below this one.
function inner(schema) {
  let it = shape(schema);
  for (let depth = 0; depth < 4; depth++) {
    if ([].concat(it.type).includes("array") && it.items) it = shape(it.items);
    else if (!it.properties && it.additionalProperties && it.additionalProperties !== true) it = shape(it.additionalProperties);
    else break;
  }
  return it;
}

function field(name, schema, required, description, trail) {
  const below = inner(schema);
  const item = el("li", {}, el("span", { class: "name" }, name), el("span", { class: "type" }, typeName(schema)), required && el("span", { class: "must" }, "required"));
  const text = description || schema.description || shape(schema).description;
  if (text) item.append(prose(text));
  const notes = limits(schema);
  if (notes) item.append(el("p", { class: "quiet mono" }, notes));
  if (below.properties && !trail.includes(below.name || name)) {
    const box = el("details", {}, el("summary", {}, "Fields"));
    box.addEventListener("toggle", () => box.childElementCount === 1 && box.append(fields(below, [...trail, below.name || name])), { once: false });
    item.append(box);
  }
  return item;
}

function fields(schema, trail = []) {
  const it = inner(schema);
  if (!it.properties) return el("p", { class: "mono quiet" }, [typeName(schema), limits(schema)].filter(Boolean).join("; "));
  const must = it.required || [];
  const entries = Object.entries(it.properties).sort(([one], [other]) => must.includes(other) - must.includes(one));
  return el("ul", { class: "fields" }, entries.map(([name, part]) => field(name, part, must.includes(name), "", trail)));
}

function example(schema, whole, depth = 0) {
  const it = shape(schema);
  if (it.example !== undefined) return it.example;
  if (it.examples && it.examples.length) return it.examples[0];
  if (it.default !== undefined && it.default !== null) return it.default;
  if (it.enum) return it.enum.find((value) => value !== null);
  const many = choices(it);
  if (many.length) return example(many[0], whole, depth);
  const type = [].concat(it.type || (it.properties ? "object" : "string")).find((type) => type !== "null");
  if (depth > 6) return null;
  if (type === "array") return it.items ? [example(it.items, whole, depth + 1)] : [];
  if (type === "object") {
    const made = {};
    const names = Object.keys(it.properties || {});
    const must = whole || !(it.required || []).length ? names : it.required;
    for (const name of must) made[name] = example(it.properties[name], whole, depth + 1);
    return made;
  }
  if (type === "integer" || type === "number") return it.minimum ?? 1;
  if (type === "boolean") return true;
  return { "date-time": "2026-03-01T09:30:00.000Z", email: "ada@example.com", uri: "https://example.com/" }[it.format] || "…";
}

const pretty = (value) => JSON.stringify(value, null, 2);

function bodyOf(operation) {
  const content = operation.requestBody && resolve(operation.requestBody).content;
  return content && Object.values(content)[0];
}

function bodySample(media) {
  if (!media) return "";
  const given = media.example ?? Object.values(media.examples || {}).map((one) => one.value)[0];
  return pretty(given ?? example(media.schema || {}, false));
}

function replySample(reply) {
  const media = Object.values(resolve(reply).content || {})[0];
  if (!media) return "";
  return pretty(media.example ?? example(media.schema || {}, true));
}

const quote = (text) => `'${String(text).replace(/'/g, "'\\''")}'`;

// The command that sends the same request. The credential is never written out.
function curl(method, url, headers, body) {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    lines.push(name === "Authorization" ? `-H "Authorization: Bearer $KEY"` : `-H ${quote(`${name}: ${value}`)}`);
  }
  if (body) lines.push(`--data ${quote(body)}`);
  return lines.join(" \\\n  ");
}

function sampleHeaders(operation) {
  const security = operation.security || api.security || [];
  const headers = {};
  if (security.some((one) => Object.keys(one).length)) headers.Authorization = "Bearer $KEY";
  if (bodyOf(operation)) headers["Content-Type"] = "application/json";
  return headers;
}

function parameters(operation) {
  const list = operation.parameters.map(resolve);
  if (!list.length) return [];
  return [
    el("h4", {}, "Parameters"),
    el("ul", { class: "fields" }, list.map((one) => {
      const item = field(one.name, one.schema || {}, one.required, one.description, []);
      item.querySelector(".type").append(` in ${one.in}`);
      return item;
    })),
  ];
}

function describe(operation) {
  const box = el("div", {}, prose(operation.description));
  box.append(...parameters(operation));
  const media = bodyOf(operation);
  if (media) box.append(el("h4", {}, "Body"), fields(media.schema || {}));
  box.append(el("h4", {}, "Replies"));
  for (const [code, one] of Object.entries(operation.responses || {})) {
    const reply = resolve(one);
    const content = Object.values(reply.content || {})[0];
    const line = [el("span", { class: `status ${code < 400 ? "" : "bad"}` }, code), reply.description || ""];
    if (!content || code >= 400) {
      box.append(el("div", { class: "quiet reply" }, line));
      continue;
    }
    const details = el("details", { class: "reply" }, el("summary", {}, line));
    details.addEventListener("toggle", () => details.childElementCount === 1 && details.append(fields(content.schema || {})));
    box.append(details);
  }
  return box;
}

function copier(text) {
  const button = el("button", { type: "button", onclick: async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy curl"; }, 1500);
  } }, "Copy curl");
  return button;
}

function samples(operation) {
  const media = bodyOf(operation);
  const command = curl(operation.method.toUpperCase(), location.origin + operation.path, sampleHeaders(operation), bodySample(media));
  const [code, reply] = Object.entries(operation.responses || {}).find(([code]) => code < 300) || [];
  const answer = reply && replySample(reply);
  return el("div", { class: "samples" },
    el("h4", {}, "Request"), el("pre", { tabindex: 0 }, command),
    answer && [el("h4", {}, `Reply ${code}`), el("pre", { tabindex: 0 }, answer)]);
}

// The form that sends the real request.
function trial(operation) {
  const inputs = operation.parameters.map(resolve).map((one) => {
    const input = el("input", { name: one.name, "data-in": one.in, required: one.in === "path", placeholder: limits(one.schema || {}) || typeName(one.schema || {}), autocomplete: "off", spellcheck: "false" });
    return el("label", {}, el("span", { class: "mono" }, one.name), input);
  });
  const media = bodyOf(operation);
  const area = media && el("textarea", { spellcheck: "false", "aria-label": "Body" });
  if (area) area.value = bodySample(media);
  const out = el("div", { role: "status", "aria-live": "polite" });
  const command = el("pre", { tabindex: 0 });
  const request = () => {
    let path = operation.path;
    const query = new URLSearchParams();
    const headers = sampleHeaders(operation);
    const key = document.getElementById("key").value.trim();
    if (headers.Authorization) headers.Authorization = `Bearer ${key}`;
    for (const input of form.querySelectorAll("input")) {
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, input.value ? encodeURIComponent(input.value) : `{${input.name}}`);
      else if (input.value && input.dataset.in === "query") query.append(input.name, input.value);
      else if (input.value) headers[input.name] = input.value;
    }
    const search = query.toString();
    return { url: location.origin + path + (search ? `?${search}` : ""), headers, body: area ? area.value : undefined };
  };
  const redraw = () => {
    const { url, headers, body } = request();
    command.textContent = curl(operation.method.toUpperCase(), url, headers, body);
  };
  const go = el("button", { class: "go" }, "Send");
  const form = el("form", { class: "try", oninput: redraw, onsubmit: async (event) => {
    event.preventDefault();
    const { url, headers, body } = request();
    go.disabled = true;
    const started = performance.now();
    try {
      const reply = await fetch(url, { method: operation.method.toUpperCase(), headers, body, credentials: "omit", cache: "no-store" });
      const text = await reply.text();
      let shown = text;
      try { shown = pretty(JSON.parse(text)); } catch { /* shown as it came */ }
      const took = Math.round(performance.now() - started);
      const head = [...reply.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      out.replaceChildren(
        el("h4", {}, "Reply"), el("p", {}, el("span", { class: `status ${reply.ok ? "" : "bad"}` }, String(reply.status)), `${reply.statusText} in ${took} ms`),
        el("details", {}, el("summary", {}, "Headers"), el("pre", { tabindex: 0 }, head)), shown ? el("pre", { tabindex: 0 }, shown) : "");
    } catch (error) {
      out.replaceChildren(el("p", { class: "status bad" }, `No reply: ${error.message}`));
    }
    go.disabled = false;
  } }, el("h4", {}, "Try it"), inputs, area && el("label", { class: "tall" }, area), el("div", { class: "row" }, go, copier(() => command.textContent)), command, out);
  redraw();
  return form;
}

function heading(operation) {
  return [el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()), " ", el("span", { class: "path" }, operation.path)];
}

function draw(operation) {
  if (view === "reference") {
    return el("section", { class: "op", id: operation.id, "aria-label": operation.title },
      el("div", {}, el("h3", {}, operation.title), el("p", {}, heading(operation)), describe(operation)), samples(operation));
  }
  const inside = el("div", { class: "inside" });
  const box = el("details", { class: "op", id: operation.id }, el("summary", {}, heading(operation), el("span", { class: "quiet" }, operation.title)), inside);
  box.addEventListener("toggle", () => {
    if (box.open && !inside.childElementCount) inside.append(describe(operation), trial(operation));
  });
  return box;
}

function operations() {
  const found = [];
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of methods.filter((method) => item[method])) {
      const it = item[method];
      const words = it.operationId.replace(/_/g, " ");
      found.push({ ...it, path, method, id: it.operationId, tag: (it.tags || ["other"])[0], title: words[0].toUpperCase() + words.slice(1),
        description: [it.summary, it.description].filter(Boolean).join("\n\n"),
        parameters: [...(item.parameters || []), ...(it.parameters || [])] });
    }
  }
  return found;
}

function open(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
  for (const link of document.querySelectorAll("#contents a")) {
    if (link.hash === `#${id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function start() {
  const reply = await fetch("/openapi.json");
  if (!reply.ok) throw new Error(`/openapi.json answered ${reply.status}`);
  api = await reply.json();
  const all = operations();
  const contents = document.getElementById("contents");
  const tags = [...new Set([...(api.tags || []).map((tag) => tag.name), ...all.map((one) => one.tag)])];
  main.replaceChildren(el("h1", {}, `${api.info.title} ${api.info.version}`), prose(api.info.description));
  for (const tag of tags) {
    const mine = all.filter((one) => one.tag === tag);
    if (!mine.length) continue;
    const about = (api.tags || []).find((one) => one.name === tag);
    main.append(el("h2", { id: `tag-${tag}` }, tag), prose(about && about.description), ...mine.map(draw));
    contents.append(el("section", {}, el("h2", {}, tag), mine.map((one) => el("a", { href: `#${one.id}`, "data-words": `${one.id} ${one.path} ${one.title} ${one.description}`.toLowerCase(), onclick: () => setTimeout(() => open(one.id)) },
      el("span", { class: `method ${one.method}` }, one.method.toUpperCase()), one.title))));
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const link of contents.querySelectorAll("a")) link.hidden = !words.every((word) => link.dataset.words.includes(word));
    for (const part of contents.children) part.hidden = ![...part.querySelectorAll("a")].some((link) => !link.hidden);
  });
  addEventListener("hashchange", () => open(decodeURIComponent(location.hash.slice(1))));
  open(decodeURIComponent(location.hash.slice(1)));
}

start().catch((error) => main.replaceChildren(el("p", { class: "status bad" }, `The description could not be read: ${error.message}`)));
