// Copy buttons, tabs, the organization switcher, times in the reader's own zone, and a keyboard
// path to what Unfold opens by mouse alone.
const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const text = "value" in source ? source.value : source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS browsers offer no clipboard: select it, so that Ctrl-C works.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    if (!document.execCommand("copy")) return;
  }
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
};

const choose = (tab) => {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  tab.focus();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const tab = event.target.closest("[role=tab]");
  if (tab) choose(tab);
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (tab && step) {
    const tabs = [...tab.parentElement.children];
    choose(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]);
  }
  if (event.key !== "Enter" && event.key !== " ") return;
  if (event.target.matches("[data-pressable]")) {
    event.preventDefault();
    event.target.click();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.submit();
});

const parts = {
  month: "short", day: "numeric",
  hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short",
};
const thisYear = new Intl.DateTimeFormat(undefined, parts);
const otherYear = new Intl.DateTimeFormat(undefined, { year: "numeric", ...parts });
// In which forms take what one writes, so that it is the zone in which lists show it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
const showTimes = (root) => {
  for (const element of root.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.title = element.textContent;
    const format = at.getFullYear() === new Date().getFullYear() ? thisYear : otherYear;
    element.textContent = format.format(at);
  }
};

const NAMES = { dock_to_right: "Menu", close: "Close the menu", more_horiz: "More" };
const makePressable = (root) => {
  for (const element of root.querySelectorAll("span, a:not([href]), div")) {
    const opens = element.hasAttribute("x-on:click") || element.hasAttribute("@click");
    if (!opens || element.dataset.pressable !== undefined || element.querySelector("[x-on\\:click]")) continue;
    if (element.id === "changelist-filter-close") continue;
    element.dataset.pressable = "";
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    const name = NAMES[element.textContent.trim()];
    if (name) element.setAttribute("aria-label", name);
  }
};

// Icons are ligatures: without this they are read out as "smart_toy Bots".
const silenceIcons = (root) => {
  for (const icon of root.querySelectorAll(".material-symbols-outlined:not([data-pressable])")) {
    icon.setAttribute("aria-hidden", "true");
  }
};

// On phones each cell names itself, by the field's name where Django knows no better.
const nameCells = (root) => {
  for (const cell of root.querySelectorAll("#result_list [data-label]")) {
    const label = cell.dataset.label.trim();
    cell.dataset.label = label.charAt(0).toUpperCase() + label.slice(1);
  }
};

const enliven = (root) => { showTimes(root); nameCells(root); makePressable(root); silenceIcons(root); };
document.addEventListener("DOMContentLoaded", () => enliven(document));
document.addEventListener("htmx:afterSwap", () => enliven(document));
