/* What an attentive person would find fault with on a page, as a list of sentences. Run in the
   page by tests/walks/looks.py, together with axe. */
({ phone }) => {
  const faults = [];
  const seen = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && node.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const short = (node) => node.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const words = (node) => node.innerText.replace(/\s+/g, " ").trim();

  const heads = all("h1");
  if (heads.length !== 1) faults.push(`${heads.length} h1: ${heads.map(words).join(" | ")}`);
  else if (!words(heads[0])) faults.push("the h1 is empty");
  if (!document.title.trim()) faults.push("no title");

  const primary = all(".btn-primary").filter((node) => !node.closest("dialog"));
  if (primary.length > 1) faults.push(`${primary.length} primary buttons: ${primary.map(words).join(" | ")}`);

  /* Nothing twice: headings of the same words; the last crumb and the h1; the same link again. */
  const titles = all("h1, main h2, main h3").map(words);
  for (const title of new Set(titles)) {
    if (title && titles.filter((each) => each === title).length > 1) faults.push(`said twice: the heading "${title}"`);
  }
  const last = all(".crumbs > *").pop();
  if (last && heads[0] && words(last) === words(heads[0])) faults.push(`said twice: "${words(last)}" is crumb and heading`);
  const anchors = new Map();
  for (const link of all("main a[href]")) {
    const key = `${words(link)} → ${link.getAttribute("href")}`;
    if (!words(link) || link.closest(".pager, table, .rows, [role=tablist]")) continue;
    anchors.set(key, (anchors.get(key) ?? 0) + 1);
  }
  for (const [key, count] of anchors) if (count > 1) faults.push(`said twice: the link ${key}`);

  if (phone) {
    const bars = "main a, main button, main summary, main input, main select, main textarea, " +
      "header a, header button, header summary, nav a, nav summary";
    for (const node of all(bars)) {
      const box = node.getBoundingClientRect();
      const style = getComputedStyle(node);
      const inline = node.tagName === "A" && style.display === "inline";
      const ticked = /checkbox|radio|file/.test(node.type) && node.closest("label, .form-check");
      const hidden = node.tabIndex < 0 || box.width <= 1 || style.clipPath !== "none" || style.opacity === "0";
      if (box.height < 43.5 && !inline && !ticked && !hidden) faults.push(`${Math.round(box.height)} px high: ${short(node)}`);
    }
    for (const node of all("main input, main select, main textarea")) {
      if (parseFloat(getComputedStyle(node).fontSize) < 16) faults.push(`makes a phone zoom: ${short(node)}`);
    }
  }

  const letters = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const tiny = new Set();
  while (letters.nextNode()) {
    const node = letters.currentNode;
    const holder = node.parentElement;
    if (!node.data.trim() || !holder || !seen(holder) || holder.closest("svg, script, style, noscript, .bell-count")) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize);
    const least = holder.closest(".tabs, .sidebar") ? 11 : 13;
    if (size < least) tiny.add(`letters of ${size} px: ${short(holder)}`);
  }
  faults.push(...tiny);
  return faults;
}
