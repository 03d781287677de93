// The chat page: chats left, messages right, news by server-sent events.
"use strict";

const DATA = "/_sandbox/page";
const byId = id => document.getElementById(id);
const state = {chats: [], current: null, topic: null, unread: new Map(), pending: new Set(), timer: 0};

async function fetchJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function button(className, label, act) {
  const node = element("button", className, label);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

// --- chats ---

async function loadChats() {
  state.chats = await fetchJson(`${DATA}/chats`);
  drawChats();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const chat = state.chats.find(item => item.key === (state.current || wanted));
  if (chat && state.current) drawHead(chat);
  else if (chat) await openChat(chat.key, false);
}

// A row that is replaced between press and release hears no click: news wait for the release.
const press = {isDown: false, isStale: false};

function released() {
  setTimeout(() => {
    press.isDown = false;
    if (press.isStale) drawChats();
  });
}

function drawChats() {
  press.isStale = press.isDown;
  if (press.isDown) return;
  const focused = document.activeElement?.dataset?.key;
  byId("chats").replaceChildren(...state.chats.map(chatItem));
  if (focused) byId("chats").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function chatItem(chat) {
  const unread = state.unread.get(chat.key) || 0;
  const isAlone = state.chats.filter(other => other.title === chat.title).length === 1;
  const name = element("span", "chat-item-name", isAlone || !chat.person ? chat.title : `${chat.title} · ${chat.person}`);
  const when = element("span", "when", chat.last ? shortTime(chat.last.time) : "");
  const preview = element("span", "preview", chat.last ? chat.last.text : kindOf(chat));
  const row = button("chat-item", "", () => openChat(chat.key, true));
  row.dataset.key = chat.key;
  if (chat.key === state.current) row.setAttribute("aria-current", "true");
  const badge = unread ? [element("span", "badge", String(unread))] : [];
  row.append(
    avatar(chat.title),
    element("span", "chat-item-body",
      element("span", "line", name, when),
      element("span", "line", preview, ...badge)),
  );
  return element("li", "", row);
}

function avatar(title) {
  const initials = [...title].length ? title.split(/\s+/).slice(0, 2).map(word => [...word][0]).join("") : "?";
  let sum = 0;
  for (const char of title) sum = (sum * 31 + char.codePointAt(0)) % 7;
  const node = element("span", `avatar tint-${sum}`, initials.toUpperCase());
  node.setAttribute("aria-hidden", "true");
  return node;
}

function kindOf(chat) {
  const kinds = {private: `Private chat with ${chat.person}`, group: "Group", supergroup: "Group", forum: "Group with topics", channel: "Channel"};
  return kinds[chat.kind];
}

async function openChat(key, byHand) {
  state.current = key;
  state.topic = null;
  state.pending.clear();
  state.unread.delete(key);
  setContext(null);
  drawSuggestions([]);
  if (location.hash !== "#" + encodeURIComponent(key)) history.replaceState(null, "", "#" + encodeURIComponent(key));
  byId("app").classList.add("open");
  const chat = state.chats.find(item => item.key === key);
  drawHead(chat);
  drawChats();
  await loadMessages();
  if (byHand) byId("chat-title").focus();
}

function drawHead(chat) {
  byId("chat-title").textContent = chat.title;
  byId("chat-subtitle").textContent = kindOf(chat);
  const topics = byId("topics");
  topics.hidden = chat.kind !== "forum";
  const choices = [{id: null, name: "All"}, {id: 0, name: "General"}, ...chat.topics];
  topics.replaceChildren(...choices.map(topic => {
    const chip = button("chip", topic.name + (topic.is_closed ? " (closed)" : ""), () => {
      state.topic = topic.id;
      drawHead(chat);
      filterTopics();
      toEnd();
    });
    chip.setAttribute("aria-pressed", String(state.topic === topic.id));
    return chip;
  }));
}

// --- messages ---

function messagesPath(query) {
  return `${DATA}/chats/${encodeURIComponent(state.current)}/messages?${query}`;
}

// Whatever fetches messages does so in turn: an answer that is late must not undo a newer one.
let lastTurn = Promise.resolve();

function inTurn(work) {
  lastTurn = lastTurn.then(work, work);
  return lastTurn;
}

function loadMessages() {
  return inTurn(drawLast);
}

async function drawLast() {
  const key = state.current;
  if (key === null) return;
  const [items] = await Promise.all([fetchJson(messagesPath("limit=60")), loadInput()]);
  if (key !== state.current) return;
  byId("messages").replaceChildren(...items.map(messageNode));
  byId("messages").dataset.chat = key;
  byId("older").hidden = items.length < 60;
  afterDrawing();
  if (people.input) followAsked(people.input);
  toEnd();
}

function loadOlder() {
  return inTurn(drawOlder);
}

async function drawOlder() {
  const key = state.current;
  if (key === null) return;
  const first = byId("messages").firstElementChild;
  const items = await fetchJson(messagesPath(`limit=60&before=${first ? first.dataset.id : 0}`));
  if (key !== state.current) return;
  const scroll = byId("scroll");
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  byId("messages").prepend(...items.map(messageNode));
  byId("older").hidden = items.length < 60;
  afterDrawing();
  scroll.scrollTop = scroll.scrollHeight - fromEnd;
}

function afterDrawing() {
  filterTopics();
  byId("empty").hidden = byId("messages").childElementCount > 0;
}

function filterTopics() {
  let day = "";
  let album = "";
  for (const node of byId("messages").children) {
    node.hidden = state.topic !== null && Number(node.dataset.topic) !== state.topic;
    if (node.hidden) continue;
    node.classList.toggle("joined", Boolean(album) && node.dataset.album === album);
    album = node.dataset.album;
    const separator = node.querySelector(".day");
    const fresh = node.dataset.day !== day;
    separator.hidden = !fresh;
    if (fresh) day = node.dataset.day;
  }
}

function messageNode(item) {
  const node = element("li", item.service ? "message service" : isOwn(item) ? "message own" : "message");
  node.dataset.id = item.id;
  node.dataset.topic = item.topic;
  node.dataset.album = item.album;
  node.dataset.day = new Date(item.time * 1000).toLocaleDateString([], {dateStyle: "long"});
  node.id = `message-${item.id}`;
  if (item.by_bot) node.dataset.bot = item.author_id;
  if (item.service) {
    node.append(element("div", "day", node.dataset.day), element("div", "event", item.service));
    return node;
  }
  const bubble = element("div", "bubble");
  if (isShared()) bubble.append(element("p", "author", item.author, ...topicLabel(item)));
  if (item.forwarded_from) bubble.append(element("p", "origin", `Forwarded from ${item.forwarded_from}`));
  if (item.via) bubble.append(element("p", "origin", `via @${item.via}`));
  if (item.reply) bubble.append(replyNode(item.reply));
  const text = element("div", item.big ? "text big" : "text");
  drawText(text, item.text, item.entities);
  const media = mediaNodes(item);
  const parts = item.caption_above ? [text, ...media] : [...media, text];
  bubble.append(...parts.filter(part => part !== text || item.text), metaNode(item));
  node.append(element("div", "day", node.dataset.day), bubble);
  if (item.reactions.length) node.append(element("p", "reactions", item.reactions.map(one => one.emoji || "★").join(" ")));
  if (item.keyboard.length) node.append(keyboardNode(item.keyboard, item.id));
  node.append(actionsNode(item));
  return node;
}

// Only where several may write is it said who wrote.
function isShared() {
  const chat = state.chats.find(item => item.key === state.current);
  return !chat || (chat.kind !== "private" && chat.kind !== "channel");
}

function topicLabel(item) {
  return item.topic_name ? [element("span", "topic-name", item.topic_name)] : [];
}

function replyNode(reply) {
  const node = button("reply", "", () => showMessage(reply.id));
  node.append(element("strong", "", reply.author), element("span", "", reply.text));
  node.setAttribute("aria-label", `Reply to ${reply.author}: ${reply.text}. Show that message.`);
  return node;
}

async function showMessage(id) {
  let target = byId(`message-${id}`);
  while (!target && !byId("older").hidden) {
    await loadOlder();
    target = byId(`message-${id}`);
  }
  if (!target) return notify("That message is not here any more.");
  target.hidden = false;
  target.scrollIntoView({block: "center"});
  target.classList.add("flash");
  setTimeout(() => target.classList.remove("flash"), 1600);
}

function metaNode(item) {
  const meta = element("p", "meta");
  if (item.silent) {
    const mark = element("span", "silent");
    mark.title = "Sent without sound";
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", "Sent without sound");
    meta.append(mark);
  }
  meta.append(timeNode(item.time));
  if (item.edit_time) {
    const edited = timeNode(item.edit_time);
    edited.className = "edited";
    edited.prepend("edited ");
    meta.append(edited);
  }
  return meta;
}

function timeNode(seconds) {
  const moment = new Date(seconds * 1000);
  const node = element("time", "", moment.toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"}));
  node.dateTime = moment.toISOString();
  node.title = moment.toLocaleString();
  return node;
}

function shortTime(seconds) {
  const moment = new Date(seconds * 1000);
  const today = moment.toDateString() === new Date().toDateString();
  return today ? moment.toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"})
    : moment.toLocaleDateString([], {day: "numeric", month: "short"});
}

function keyboardNode(rows, messageId) {
  return element("div", "keyboard", ...rows.map(row =>
    element("div", "keyboard-row", ...row.map(key => keyNode(key, messageId)))));
}

function keyNode(key, messageId) {
  const url = key.url || key.web_app?.url;
  if (url) {
    const node = link(url);
    node.className = `key style-${key.style || "default"}`;
    node.append(key.text, element("span", "key-mark", "↗"));
    return node;
  }
  const node = button(`key style-${key.style || "default"}`, key.text, doing(() => pressKey(node, key, messageId)));
  return node;
}

// --- scrolling and notices ---

function isAtEnd() {
  const scroll = byId("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
}

function toEnd() {
  byId("scroll").scrollTop = byId("scroll").scrollHeight;
  byId("jump").hidden = true;
}

function notify(text) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => { notice.hidden = true; }, 5000);
}

// --- news ---

function listen() {
  const source = new EventSource(`${DATA}/events`);
  let wasOpen = false;
  // Only now: what came between a first look and the stream's beginning would be missed.
  source.onopen = () => {
    if (wasOpen) refresh();
    else loadChats();
    wasOpen = true;
  };
  source.onmessage = event => JSON.parse(event.data).forEach(receive);
}

async function refresh() {
  await loadChats();
  if (state.chats.some(chat => chat.key === state.current)) await loadMessages();
  else leaveChat();
}

// The open chat is no more.
function leaveChat() {
  state.current = null;
  state.pending.clear();
  byId("chat-title").textContent = "Choose a chat";
  byId("chat-subtitle").textContent = "";
  byId("topics").hidden = true;
  byId("messages").replaceChildren();
  byId("composer").hidden = true;
  byId("manage-open").hidden = true;
  afterDrawing();
  closeChat();
}

function receive(news) {
  if (news.type === "reload") return refresh();
  if (news.type === "action") return showAction(news);
  if (news.type === "callback" || news.type === "inline") return undefined;
  if (news.type === "chats") return soon();
  if (news.type === "delete" && news.dialog === state.current) byId(`message-${news.id}`)?.remove();
  else if (news.dialog === state.current) state.pending.add(news.id);
  else if (news.type === "message") state.unread.set(news.dialog, (state.unread.get(news.dialog) || 0) + 1);
  soon();
}

// Bursts are drawn at once.
function soon() {
  if (!state.timer) state.timer = setTimeout(drawNews, 20);
}

function drawNews() {
  state.timer = 0;
  return inTurn(drawPending);
}

async function drawPending() {
  while (state.pending.size && state.current) {
    const key = state.current;
    const ids = [...state.pending].sort((one, other) => one - other).slice(0, 200);
    ids.forEach(id => state.pending.delete(id));
    const items = await fetchJson(messagesPath(`ids=${ids.join(",")}`));
    if (key === state.current) drawFresh(items);
  }
  state.chats = await fetchJson(`${DATA}/chats`);
  drawChats();
  if (currentChat()) {
    byId("chat-title").textContent = currentChat().title;
    await loadInput();
  }
}

// News come last; what is older and not shown waits behind "Older messages".
function drawFresh(items) {
  const follow = isAtEnd();
  let newest = Number(byId("messages").lastElementChild?.dataset.id || 0);
  let added = false;
  for (const item of items) {
    const old = byId(`message-${item.id}`);
    if (old) old.replaceWith(messageNode(item));
    else if (item.id > newest) {
      byId("messages").append(messageNode(item));
      newest = item.id;
      added = true;
    }
  }
  afterDrawing();
  if (follow) toEnd();
  else if (added) byId("jump").hidden = false;
}

// --- developer panel ---

async function openDeveloper() {
  const world = await fetchJson("/_sandbox/world");
  byId("api-url").textContent = location.origin;
  byId("bots").replaceChildren(...world.bots.map(bot => {
    const node = factNode(`@${bot.username}`, `token ${bot.token.split(":")[0]}:…`, bot.token, "Copy token");
    node.append(...startButtons(world, bot), ...switchNodes(bot));
    return node;
  }));
  byId("chat-ids").replaceChildren(...world.chats.map(chat =>
    factNode(chat.title || `${chat.first_name} ${chat.last_name || ""}`.trim(),
      [chat.type, chat.id, ...chat.topics.map(topic => `topic ${topic.name} ${topic.message_thread_id}`)].join(" · "),
      String(chat.id), "Copy ID")));
  drawLinkForm(world);
  byId("developer").showModal();
}

function factNode(name, detail, value, label) {
  const copy = button("quiet", label, async () => {
    await navigator.clipboard.writeText(value);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = label; }, 1500);
  });
  copy.setAttribute("aria-label", `${label} of ${name}`);
  return element("li", "", element("span", "fact", element("strong", "", name), element("span", "", detail)), copy);
}

// --- start ---

function closeChat() {
  const key = state.current;
  byId("app").classList.remove("open");
  byId("chats").querySelector(`[data-key="${CSS.escape(key || "")}"]`)?.focus();
}

function moveInChats(event) {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step) return;
  const rows = [...byId("chats").querySelectorAll("button")];
  rows[(rows.indexOf(document.activeElement) + step + rows.length) % rows.length]?.focus();
  event.preventDefault();
}

byId("back").addEventListener("click", closeChat);
document.addEventListener("keydown", event => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) closeChat();
});
byId("chats").addEventListener("keydown", moveInChats);
byId("chats").addEventListener("pointerdown", () => { press.isDown = true; });
for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, released);
byId("older").addEventListener("click", loadOlder);
byId("jump").addEventListener("click", toEnd);
byId("scroll").addEventListener("scroll", () => { if (isAtEnd()) byId("jump").hidden = true; });
byId("developer-open").addEventListener("click", openDeveloper);
byId("developer-close").addEventListener("click", () => byId("developer").close());
document.addEventListener("DOMContentLoaded", listen);  // when the other scripts are there too
