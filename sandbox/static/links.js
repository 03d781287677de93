// Links to bots of the sandbox are opened here, as Telegram's apps open them; others are for the browser.
"use strict";

const BOT_LINK = /^(?:https?:\/\/)?(?:t|telegram)\.me\/(\w+)(?:\?(.*))?$/i;

// What a link to a bot wants: null for any other link.
function readBotLink(url, bots) {
  const found = BOT_LINK.exec(url.trim());
  const bot = found && bots.find(one => one.username.toLowerCase() === found[1].toLowerCase());
  if (!bot) return null;
  const query = new URLSearchParams(found[2] || "");
  const kind = ["startgroup", "startchannel"].find(name => query.has(name)) || "start";
  const rights = query.has("admin") ? query.get("admin").split(/[+ ]/) : null;
  return {bot, kind, payload: query.get(kind) || "", rights};
}

async function openLink(url, person) {
  const wanted = readBotLink(url, (await fetchJson(`${CONTROL}/world`)).bots);
  if (!wanted) return window.open(url, "_blank", "noopener,noreferrer");
  if (wanted.kind === "start") return startBot(wanted.bot.id, person, wanted.payload);
  return addBot(wanted, person);
}

// The person chooses where the bot goes.
async function addBot({bot, kind, payload, rights}, person) {
  const isChannel = kind === "startchannel";
  const chats = state.chats.filter(chat => chat.kind !== "private" && (chat.kind === "channel") === isChannel);
  if (!chats.length) return notify(isChannel ? "There is no channel here." : "There is no group here.");
  const title = isChannel ? `Add @${bot.username} to a channel` : `Add @${bot.username} to a group`;
  const chosen = await choose(title, chats.map(chat => ({id: chat.chat_id, name: chat.title})), 1);
  if (!chosen) return undefined;
  const chat = chats.find(one => one.chat_id === chosen[0]);
  await post(`/bots/${bot.id}/start_group`, {from_id: person, chat_id: chat.chat_id, payload, ...(rights && {rights})});
  await loadChats();
  return openChat(chat.key, true);
}

function drawLinkForm(world) {
  byId("link-person").replaceChildren(...world.users.map(user =>
    new Option(`${user.first_name} ${user.last_name || ""}`.trim(), user.id)));
  if (people.input?.person) byId("link-person").value = people.input.person;
}

async function openTyped() {
  const url = byId("link").value;
  const {bots} = await fetchJson(`${CONTROL}/world`);
  byId("developer").close();
  if (!readBotLink(url, bots)) return notify("That is no link to a bot of this sandbox.");
  byId("link").value = "";
  return openLink(url, Number(byId("link-person").value));
}

byId("open-link").addEventListener("submit", event => {
  event.preventDefault();
  doing(openTyped)();
});
byId("messages").addEventListener("click", event => {
  const clicked = event.target.closest("a[href]");
  if (!clicked || !people.input?.person || !readBotLink(clicked.href, people.input.bots)) return;
  event.preventDefault();
  doing(openLink)(clicked.href, people.input.person);
});
