// What is asked of every page: no sideways scrolling, readable text, no button out of sight.
// Evaluated in the page.
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (color) => {
    if (!known.has(color)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
      known.set(color, [red, green, blue, alpha / 255]);
    }
    return known.get(color);
  };
  const over = (top, under) => {
    const alpha = top[3];
    return [0, 1, 2].map((i) => top[i] * alpha + under[i] * (1 - alpha)).concat(1);
  };
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  // WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for large text. Icons and what is disabled are no text.
  window.unreadable = () => {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent.trim();
      if (!text || !seen(element)) continue;
      if (element.closest("script, style, template, noscript, option, .material-symbols-outlined, :disabled, .tocsin-hidden")) continue;
      const style = getComputedStyle(element);
      const under = background(element);
      const [one, two] = [light(over(rgba(style.color), under)), light(under)];
      const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)} “${text.slice(0, 40)}” <${element.tagName.toLowerCase()} class="${String(element.className).slice(0, 60)}">`);
    }
    return [...found];
  };
  window.sideways = () => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => seen(element) && element.getBoundingClientRect().right > root.clientWidth + 1);
    return [`${root.scrollWidth} > ${root.clientWidth}`, ...wide.slice(0, 6).map((element) => `<${element.tagName.toLowerCase()} class="${String(element.className).slice(0, 80)}">`)];
  };
  // Buttons that one would have to scroll a table sideways for.
  window.cutOff = () => {
    const found = new Set();
    for (const button of document.querySelectorAll("button, .tocsin-button")) {
      if (!seen(button)) continue;
      const right = button.getBoundingClientRect().right;
      for (let at = button.parentElement; at; at = at.parentElement) {
        const clips = getComputedStyle(at).overflowX !== "visible" && at.scrollWidth > at.clientWidth;
        if (clips && right > at.getBoundingClientRect().right + 1) found.add(`“${button.textContent.trim().slice(0, 40)}”`);
      }
    }
    return [...found];
  };
})();
