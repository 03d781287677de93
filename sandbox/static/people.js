// What a person does on the chat page: writes, presses, chooses, changes chats. All by the control API.
"use strict";

const CONTROL = "/_sandbox";
const people = {input: null, person: 0, context: null, asked: "", timer: 0, query: 0};

async function post(path, body = {}) {
  const options = {method: "POST", body: JSON.stringify(body)};
  const response = await fetch(CONTROL + path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  notify(answer.error);
  throw new Error(answer.error);
}

// Errors have been told already.
function doing(work) {
  return async (...values) => {
    try { await work(...values); } catch (error) { console.debug(error); }
  };
}

function currentChat() {
  return state.chats.find(chat => chat.key === state.current);
}

// Who acts where: private chats are named by their person, and their bot beside it.
function acting(more = {}) {
  const [bot] = state.current.includes(":") ? state.current.split(":") : ["0"];
  return {from_id: people.input.person, bot_id: Number(bot), ...more};
}

function chatPath(rest) {
  return `/chats/${currentChat().chat_id}/${rest}`;
}

// --- below the messages ---

async function loadInput() {
  const key = state.current;
  const chat = currentChat();
  if (!chat) return;
  const input = await fetchJson(`${DATA}/chats/${encodeURIComponent(key)}/input?person=${people.person}`);
  if (key !== state.current) return;
  people.input = input;
  drawInput();
}

function drawInput() {
  const input = people.input;
  byId("composer").hidden = false;
  byId("manage-open").hidden = false;
  byId("blocked").hidden = !input.is_blocked;
  byId("write").hidden = input.is_blocked || !input.person;
  byId("person").replaceChildren(...input.people.map(person => new Option(person.name, person.id)));
  byId("person").value = input.person;
  byId("person").hidden = input.people.length < 2;
  drawKeyboard(input.is_blocked ? null : input.keyboard);
  followAsked(input);
}

// A force reply: the app turns what the person writes next into a reply, unless they are at something else.
function followAsked(input) {
  const asked = input.asked_by ? `${state.current} ${input.person} ${input.asked_by}` : "";
  if (asked === people.asked) return;
  const question = byId(`message-${input.asked_by}`);
  if (asked && (!question || people.context || byId("text").value)) return;
  people.asked = asked;
  if (asked) setContext({kind: "reply", id: input.asked_by, text: question.querySelector(".text")?.textContent || "message"});
}

function drawKeyboard(keyboard) {
  const place = byId("reply-keyboard");
  const rows = keyboard?.rows || [];
  place.hidden = !rows.length;
  place.replaceChildren(...rows.map(row => element("div", "keyboard-row",
    ...row.map(key => button("key reply-key", key.text, doing(() => pressReplyKey(key)))))));
  byId("text").placeholder = keyboard?.input_field_placeholder || "Message";
}

async function pressReplyKey(key) {
  let chosen = [];
  const users = key.request_users || key.request_user;
  if (users) {
    chosen = await choose(`Share with the bot: ${key.text}`, await everybody(), users.max_quantity || 1);
  } else if (key.request_chat) {
    const wantsChannel = key.request_chat.chat_is_channel;
    const chats = state.chats.filter(chat => chat.kind !== "private" && (chat.kind === "channel") === Boolean(wantsChannel));
    chosen = await choose(`Share with the bot: ${key.text}`, chats.map(chat => ({id: chat.chat_id, name: chat.title})), 1);
  }
  if (chosen) await post(chatPath("keyboard"), acting({text: key.text, chosen}));
}

async function everybody() {
  const world = await fetchJson(`${CONTROL}/world`);
  return world.users.map(user => ({id: user.id, name: `${user.first_name} ${user.last_name || ""}`.trim()}));
}

// --- writing ---

async function send() {
  const text = byId("text").value.trim();
  if (!text || !people.input) return;
  const context = people.context;
  if (context?.kind === "edit") await post(chatPath(`messages/${context.id}/edit`), acting({text}));
  else {
    await post(chatPath("say"), acting({
      text, message_thread_id: state.topic || 0, reply_to_message_id: context ? context.id : 0,
    }));
  }
  byId("text").value = "";
  setContext(null);
  suggest();
  toEnd();
}

function setContext(context) {
  people.context = context;
  byId("context").hidden = !context;
  if (!context) return;
  byId("context-text").textContent = `${context.kind === "edit" ? "Edit" : "Reply to"}: ${context.text}`;
  if (context.kind === "edit") byId("text").value = context.text;
  byId("text").focus();
}

function isOwn(item) {
  if (item.by_bot) return false;
  return !isShared() || !people.input || item.author_id === people.input.person;
}

function actionsNode(item) {
  const text = item.text || "message";
  const actions = [button("action", "Reply", () => setContext({kind: "reply", id: item.id, text}))];
  if (isOwn(item) && item.text && !item.forwarded_from && !item.via) {
    actions.push(button("action", "Edit", () => setContext({kind: "edit", id: item.id, text: item.text})));
  }
  actions.push(button("action", "Forward", doing(() => forward(item))));
  if (isOwn(item)) actions.push(button("action", "Delete", doing(() => post(chatPath(`messages/${item.id}/delete`), acting()))));
  const node = element("div", "actions", ...actions);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", "What to do with this message");
  return node;
}

async function forward(item) {
  const chats = state.chats.map((chat, index) => ({id: index, name: chat.person ? `${chat.title} (${chat.person})` : chat.title}));
  const chosen = await choose("Forward to", chats, 1);
  if (!chosen) return;
  const target = state.chats[chosen[0]];
  const to_bot_id = target.key.includes(":") ? Number(target.key.split(":")[0]) : 0;
  await post(chatPath(`messages/${item.id}/forward`), acting({to_chat_id: target.chat_id, to_bot_id}));
  notify(`Forwarded to ${target.title}.`);
}

// --- inline buttons ---

async function pressKey(node, key, messageId) {
  if (key.copy_text) {
    await navigator.clipboard.writeText(key.copy_text.text);
    return notify("Copied.");
  }
  const inline = key.switch_inline_query_current_chat ?? key.switch_inline_query ?? key.switch_inline_query_chosen_chat?.query;
  if (inline !== undefined) return askThere(inline, messageId);
  if (!key.callback_data) return notify("The sandbox cannot press this kind of button.");
  node.setAttribute("aria-busy", "true");
  try {
    let press = await post(chatPath(`messages/${messageId}/press`), acting({data: key.callback_data}));
    while (press.state === "waiting") press = await fetchJson(`${CONTROL}/callbacks/${press.id}?wait=20`);
    showAnswer(press);
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function showAnswer(press) {
  if (press.url) return openLink(press.url, people.input.person);
  if (press.state === "expired") return notify("The bot did not answer in time.");
  if (!press.text) return undefined;
  if (!press.show_alert) return notify(press.text);
  byId("alert-text").textContent = press.text;
  return byId("alert").showModal();
}

async function startBot(botId, personId, payload = "") {
  await post(`/bots/${botId}/start`, {from_id: personId, payload});
  await loadChats();
  await openChat(`${botId}:${personId}`, true);
}

function askThere(query, messageId) {
  const item = byId(`message-${messageId}`);
  const bot = people.input.bots.find(one => String(one.id) === item.dataset.bot) || people.input.bots.find(one => one.is_inline);
  byId("text").value = `@${bot ? bot.username : "bot"} ${query}`;
  byId("text").focus();
  suggest();
}

// --- suggestions: commands, and what bots offer inline ---

function suggest() {
  clearTimeout(people.timer);
  people.query += 1;
  const text = byId("text").value;
  if (!people.input || people.context?.kind === "edit") return drawSuggestions([]);
  const inline = /^@(\w+)\s([\s\S]*)$/.exec(text);
  const bot = inline && people.input.bots.find(one => one.is_inline && one.username.toLowerCase() === inline[1].toLowerCase());
  if (bot) {
    people.timer = setTimeout(doing(() => ask(bot, inline[2], "")), 250);
    return undefined;
  }
  const command = /^\/\w*$/.test(text) ? text.slice(1) : null;
  const found = command === null ? [] : people.input.commands.filter(one => one.command.startsWith(command));
  return drawSuggestions(found.map(one => {
    const name = `/${one.command}${one.bot ? `@${one.bot}` : ""}`;
    return suggestion(name, one.description, async () => {
      byId("text").value = name;
      await send();
    });
  }));
}

async function ask(bot, query, offset) {
  const turn = people.query;
  const body = acting({chat_id: currentChat().chat_id, query, offset, wait: 20});
  const answer = await post(`/bots/${bot.id}/inline`, body);
  if (turn !== people.query) return;
  if (!answer.is_answered) return notify(`@${bot.username} did not answer.`);
  const rows = answer.results.map(result => suggestion(result.title || result.type, result.description, async () => {
    const place = {chat_id: currentChat().chat_id, message_thread_id: state.topic || 0};
    await post(`/bots/${bot.id}/inline/${answer.id}/choose`, acting({...place, result_id: result.id}));
    byId("text").value = "";
    suggest();
    toEnd();
  }));
  if (answer.button) rows.unshift(suggestion(answer.button.text, "", () => pressAbove(bot, answer.button)));
  if (answer.next_offset) rows.push(suggestion("More results", "", () => ask(bot, query, answer.next_offset)));
  drawSuggestions(rows.length ? rows : [element("li", "nothing", "No results")]);
}

function pressAbove(bot, above) {
  if (above.start_parameter) return startBot(bot.id, people.input.person, above.start_parameter);
  return notify("This button opens a web app.");
}

function suggestion(name, detail, act) {
  const row = button("suggestion", "", doing(act));
  row.append(element("strong", "", name), element("span", "", detail || ""));
  return element("li", "", row);
}

function drawSuggestions(rows) {
  byId("suggestions").replaceChildren(...rows);
  byId("suggestions").hidden = !rows.length;
}

// --- choosing and managing ---

// The IDs of what was chosen, null when nothing was.
function choose(title, options, most) {
  byId("chooser-title").textContent = title;
  byId("chooser-options").replaceChildren(...options.map(option => {
    const box = element("input", "");
    box.type = most > 1 ? "checkbox" : "radio";
    box.name = "choice";
    box.value = option.id;
    return element("li", "", element("label", "choice", box, element("span", "", option.name)));
  }));
  const dialog = byId("chooser");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => {
    const boxes = [...dialog.querySelectorAll("input:checked")].slice(0, most);
    resolve(dialog.returnValue === "ok" && boxes.length ? boxes.map(box => Number(box.value)) : null);
  }, {once: true}));
}

function drawManage() {
  const input = people.input;
  const isPrivate = input.kind === "private";
  byId("manage-title").textContent = currentChat().title;
  byId("manage-private").hidden = !isPrivate;
  byId("manage-shared").hidden = isPrivate;
  byId("block").textContent = input.is_blocked ? "Unblock the bot" : "Block the bot";
  byId("new-title").value = input.title;
  byId("upgrade").hidden = input.kind !== "group";
  byId("members").replaceChildren(...input.members.map(memberNode));
}

function memberNode(member) {
  const select = element("select", "");
  const isChannelBot = member.is_bot && people.input.kind === "channel";
  const names = {left: "not in it", member: "member", administrator: "administrator", creator: "owner", kicked: "removed"};
  const offered = ["left", ...(isChannelBot ? [] : ["member"]), "administrator", ...(member.is_bot ? [] : ["creator"])];
  if (!offered.includes(member.status)) offered.push(member.status);
  select.append(...offered.map(status => new Option(names[status], status)));
  select.value = member.status;
  select.setAttribute("aria-label", `What ${member.name} is in the chat`);
  select.addEventListener("change", doing(() => manage(() => post(chatPath("members"), {
    user_id: member.id, status: select.value, from_id: people.input.person,
  }))));
  return element("li", "", element("span", "fact", member.name), select);
}

async function manage(work) {
  try {
    await work();
  } finally {
    await loadInput();
    drawManage();
  }
}

function startButtons(world, bot) {
  const known = new Set(world.chats.filter(chat => chat.type === "private" && ![undefined, "never_started"].includes(chat.states[bot.id])).map(chat => chat.id));
  return world.users.filter(user => !known.has(user.id)).map(user =>
    button("quiet", `Start as ${user.first_name}`, doing(async () => {
      byId("developer").close();
      await startBot(bot.id, user.id);
    })));
}

// What the bot's owner sets at BotFather.
function switchNodes(bot) {
  const names = {can_read_all_group_messages: "Hears all of its groups", supports_inline_queries: "Inline mode", inline_feedback: "Hears what is chosen"};
  return Object.entries(names).map(([name, label]) => {
    const box = element("input", "");
    box.type = "checkbox";
    box.checked = bot[name];
    box.addEventListener("change", doing(() => post(`/bots/${bot.id}`, {[name]: box.checked})));
    return element("label", "choice", box, element("span", "", label));
  });
}

// --- what bots do meanwhile ---

function showAction(news) {
  if (news.dialog !== state.current) return;
  const words = news.action === "typing" ? "is typing" : `is busy: ${news.action.replaceAll("_", " ")}`;
  byId("chat-subtitle").textContent = `${news.name} ${words}…`;
  clearTimeout(showAction.timer);
  showAction.timer = setTimeout(endAction, 5000);
}

function endAction() {
  const chat = currentChat();
  if (chat) byId("chat-subtitle").textContent = kindOf(chat);
}

// --- start ---

byId("write").addEventListener("submit", event => {
  event.preventDefault();
  doing(send)();
});
byId("text").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    doing(send)();
  }
});
byId("text").addEventListener("input", suggest);
byId("context-close").addEventListener("click", () => setContext(null));
byId("person").addEventListener("change", doing(async () => {
  people.person = Number(byId("person").value);
  await loadMessages();
}));
byId("unblock").addEventListener("click", doing(async () => {
  await post(`/bots/${acting().bot_id}/unblock`, {from_id: people.input.person});
  await loadInput();
}));
byId("manage-open").addEventListener("click", () => {
  drawManage();
  byId("manage").showModal();
});
byId("manage-close").addEventListener("click", () => byId("manage").close());
byId("block").addEventListener("click", doing(() => manage(() =>
  post(`/bots/${acting().bot_id}/${people.input.is_blocked ? "unblock" : "block"}`, {from_id: people.input.person}))));
byId("rename").addEventListener("click", doing(() => manage(() =>
  post(chatPath("title"), {from_id: people.input.person, title: byId("new-title").value}))));
byId("upgrade").addEventListener("click", doing(async () => {
  const made = await post(chatPath("upgrade"), {from_id: people.input.person});
  byId("manage").close();
  await loadChats();
  await openChat(String(made.id), true);
}));
