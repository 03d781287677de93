// The editor's preview: what Telegram would show of the template, asked for while it is written.
"use strict";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span",
};
const SAFE_LINK = /^(https?|tg|mailto):/i;
const PAUSE = 250;

// A text with its MessageEntity list, as nodes. Offsets are UTF-16 units, as in JavaScript strings.
const draw = (parent, text, entities, from = 0, to = text.length) => {
  let position = from;
  const rest = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  while (rest.length) {
    const entity = rest.shift();
    const begin = Math.max(entity.offset, position);
    const end = Math.min(entity.offset + entity.length, to);
    const inner = [];
    while (rest.length && rest[0].offset < end) inner.push(rest.shift());
    if (end <= begin) continue;
    parent.append(text.slice(position, begin));
    const node = nodeOf(entity, text.slice(begin, end));
    draw(node, text, inner, begin, end);
    parent.append(node);
    position = end;
  }
  parent.append(text.slice(position, to));
};

const nodeOf = (entity, content) => {
  const url = entity.type === "text_link" ? entity.url : entity.type === "url" ? content : "";
  const node = document.createElement(url ? "a" : TAGS[entity.type] || "span");
  if (url) {
    const address = /^[a-z]+:/i.test(url) ? url : `http://${url}`;
    if (SAFE_LINK.test(address)) node.href = address;
    node.target = "_blank";
    node.rel = "noopener noreferrer";
  }
  node.dataset.entity = entity.type;
  return node;
};

// A row of buttons under the message; they are only looked at.
const row = (labels) => {
  const node = document.createElement("div");
  for (const label of labels) {
    const button = document.createElement("span");
    button.textContent = label;
    node.append(button);
  }
  return node;
};

const start = (panel, body) => {
  const told = panel.querySelector("[data-preview-told]");
  const mode = document.getElementById("id_parse_mode");
  const part = (name) => panel.querySelector(`[data-preview-${name}]`);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  let timer = 0;
  let asked = 0;

  const show = (answer) => {
    part("error").textContent = answer.error;
    body.setAttribute("aria-invalid", answer.error ? "true" : "false");
    panel.classList.toggle("tocsin-stale", Boolean(answer.error));
    if (answer.error) {
      part("note").textContent = "";
      return;
    }
    part("message").replaceChildren();
    draw(part("message"), answer.text, answer.entities);
    part("buttons").replaceChildren(...answer.buttons.map(row));
    const shortened = answer.is_shortened ? ", shortened; a document would tell the rest" : "";
    part("note").textContent = `${answer.length} of 4,096 characters${shortened}`;
  };

  const ask = async () => {
    const number = ++asked;
    const question = { body: body.value, told: told.value, parse_mode: mode ? mode.value : "HTML" };
    let answer;
    try {
      const response = await fetch(panel.dataset.templatePreview, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(question),
      });
      answer = await response.json();
      if (!response.ok) answer = { error: answer.detail || "No preview. Reload the page." };
    } catch {
      answer = { error: "No answer. The preview comes back once the server does." };
    }
    if (number === asked) show(answer);
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  };
  body.addEventListener("input", later);
  told.addEventListener("change", ask);
  if (mode) mode.addEventListener("change", ask);
  ask();
};

document.addEventListener("DOMContentLoaded", () => {
  const panel = document.querySelector("[data-template-preview]");
  const body = document.querySelector("[data-template-body]");
  if (!panel) return;
  if (!body) {
    panel.hidden = true; // whoever may only look sees the text alone
    return;
  }
  const field = body.closest(".field-body") || body.parentElement;
  const editor = document.createElement("div");
  editor.className = "tocsin-editor";
  field.replaceWith(editor);
  editor.append(field, panel);
  start(panel, body);
});
