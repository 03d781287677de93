// What stands in a message beside its text: pictures, files, polls.
"use strict";

const PHOTO_HEIGHT = 420;
const ALBUM_HEIGHT = 240;

function mediaNodes(item) {
  return [item.photo && photoNode(item.photo, item.album ? ALBUM_HEIGHT : PHOTO_HEIGHT), item.document && documentNode(item.document), item.poll && pollNode(item)].filter(Boolean);
}

// Its size is known before it is loaded, so that nothing moves when it is.
function photoNode(photo, highest) {
  const scale = Math.min(1, highest / photo.height);
  const image = element("img", photo.spoiler ? "photo veiled" : "photo");
  image.src = photo.url;
  image.alt = "Photo";
  image.width = Math.round(photo.width * scale);
  image.height = Math.round(photo.height * scale);
  image.loading = "lazy";
  image.addEventListener("click", () => image.classList.remove("veiled"));
  return image;
}

function documentNode(file) {
  const node = element("a", "document",
    element("span", "document-icon", file.icon),
    element("span", "document-body",
      element("span", "document-name", file.name), element("span", "document-size", [file.about, size(file.size)].filter(Boolean).join(" · "))));
  node.href = file.url;
  node.setAttribute("download", file.name);
  return node;
}

function size(bytes) {
  const units = ["bytes", "kB", "MB"];
  let unit = 0;
  while (bytes >= 1000 && unit < 2) { bytes /= 1000; unit++; }
  return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`;
}

// Pressing an option votes for it, pressing it again takes that back; a quiz takes one answer for good.
function pollNode(item) {
  const poll = item.poll;
  const me = people.input?.person;
  const mine = poll.options.filter(option => option.voters.includes(me)).map(option => option.id);
  const isOver = poll.is_closed || (poll.is_quiz && mine.length > 0);
  const options = poll.options.map(option => {
    const isMine = mine.includes(option.id);
    const part = poll.total ? Math.round(100 * option.count / poll.total) : 0;
    const mark = (isOver || mine.length) && poll.is_quiz && option.is_correct ? " ✓" : "";
    const node = button("option", "", doing(() => {
      const others = poll.is_multiple ? mine.filter(id => id !== option.id) : [];
      return vote(item.id, isMine ? others : [...others, option.id]);
    }));
    node.disabled = isOver;
    node.setAttribute("aria-pressed", String(isMine));
    node.append(
      element("span", "option-name", `${isMine ? "● " : "○ "}${option.text}${mark}`),
      element("span", "option-count", poll.total ? `${option.count} · ${part} %` : ""),
      bar(part));
    return element("li", "", node);
  });
  const count = poll.total === 1 ? "1 vote" : `${poll.total} votes`;
  return element("div", "poll",
    element("p", "poll-question", poll.question),
    element("p", "poll-kind", poll.kind),
    element("ul", "", ...options),
    ...(isOver && poll.explanation ? [element("p", "poll-why", poll.explanation)] : []),
    element("p", "poll-kind", poll.is_closed ? `${count}, closed` : count));
}

function bar(part) {
  const node = element("span", "option-bar");
  node.style.width = `${part}%`;
  return node;
}

function vote(messageId, chosen) {
  return post(chatPath(`messages/${messageId}/vote`), acting({option_ids: chosen}));
}
