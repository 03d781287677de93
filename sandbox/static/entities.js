// Draws a text with its MessageEntity list. Offsets are UTF-16 units, as in JavaScript strings.
"use strict";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
const SAFE_LINK = /^(https?|tg|ton|tonsite|mailto):/i;

function drawText(parent, text, entities) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  drawRange(parent, text, 0, text.length, sorted);
}

function drawRange(parent, text, start, end, entities) {
  let position = start;
  while (entities.length) {
    const entity = entities[0];
    const from = Math.max(entity.offset, position);
    const to = Math.min(entity.offset + entity.length, end);
    const inner = [];
    let next = 1;
    while (next < entities.length && entities[next].offset < to) inner.push(entities[next++]);
    entities = entities.slice(next);
    if (to <= from) continue;
    parent.append(text.slice(position, from));
    const isBlock = drawEntity(parent, text, from, to, entity, inner);
    position = isBlock && text[to] === "\n" && text[to - 1] !== "\n" ? to + 1 : to;
    // What reaches beyond goes on after it.
    entities = inner.filter(other => other.offset + other.length > to)
      .map(other => ({...other, offset: to, length: other.offset + other.length - to}))
      .concat(entities);
  }
  parent.append(text.slice(position, end));
}

// True for a block, whose end is a line's end already.
function drawEntity(parent, text, from, to, entity, inner) {
  const content = text.slice(from, to);
  const node = entityNode(entity, content);
  const block = node.tagName === "BLOCKQUOTE" || node.tagName === "PRE";
  const last = block && content.endsWith("\n") ? to - 1 : to;
  drawRange(node.querySelector("code") || node, text, from, last, inner);
  parent.append(node);
  if (entity.type === "expandable_blockquote") makeExpandable(node);
  return block;
}

function entityNode(entity, content) {
  switch (entity.type) {
    case "text_link": return link(entity.url);
    case "url": return link(/^[a-z]+:/i.test(content) && SAFE_LINK.test(content) ? content : "http://" + content);
    case "email": return link("mailto:" + content);
    case "spoiler": return spoiler();
    case "pre": return preformatted(entity.language || "");
    case "date_time": {
      const node = document.createElement("time");
      const moment = new Date(entity.unix_time * 1000);
      node.dateTime = moment.toISOString();
      node.title = moment.toLocaleString();
      return node;
    }
  }
  const node = document.createElement(TAGS[entity.type] || "span");
  node.className = "entity-" + entity.type.replaceAll("_", "-");
  return node;
}

function link(url) {
  const node = document.createElement("a");
  if (SAFE_LINK.test(url)) node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function spoiler() {
  const node = document.createElement("span");
  node.className = "spoiler";
  node.tabIndex = 0;
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", "Hidden text, press to show");
  const reveal = event => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    if (!node.classList.contains("shown")) event.preventDefault();
    node.classList.add("shown");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
    node.tabIndex = -1;
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", reveal);
  return node;
}

function preformatted(language) {
  const node = document.createElement("pre");
  node.tabIndex = 0;
  if (language) {
    const label = document.createElement("span");
    label.className = "language";
    label.textContent = language;
    node.append(label);
  }
  node.append(document.createElement("code"));
  return node;
}

function makeExpandable(quote) {
  const body = document.createElement("div");
  body.className = "folded";
  body.append(...quote.childNodes);
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.textContent = "Show more";
  more.setAttribute("aria-expanded", "false");
  more.addEventListener("click", () => {
    const folded = body.classList.toggle("folded");
    more.textContent = folded ? "Show more" : "Show less";
    more.setAttribute("aria-expanded", String(!folded));
  });
  quote.append(body, more);
}
