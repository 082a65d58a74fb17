/* Whether each thing that the keyboard reaches shows that it is reached, and isn't hidden by a bar.
   The keyboard must have been used before, for the browser to show the focus. */
() => {
  const faults = [];
  const look = (node) => {
    const style = getComputedStyle(node);
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.borderColor, style.backgroundColor].join();
  };
  const reach = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']";
  const nodes = [...document.querySelectorAll(reach)].filter((node) =>
    !node.disabled && node.tabIndex >= 0 && node.checkVisibility({ visibilityProperty: true }));
  for (const node of nodes.slice(0, 80)) {
    const shown = node.closest("label") ?? (node.labels?.[0] && node.getBoundingClientRect().width < 4 ? node.labels[0] : node);
    document.activeElement.blur();
    const signs = [node, shown, node.parentElement, node.parentElement.parentElement];
    const before = signs.map(look).join("|");
    node.focus();
    if (document.activeElement !== node) continue;
    const name = node.outerHTML.replace(/\s+/g, " ").slice(0, 100);
    if (signs.map(look).join("|") === before) faults.push(`focus can't be seen: ${name}`);
    const box = shown.getBoundingClientRect();
    const spots = [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]].map(([x, y]) =>
      document.elementFromPoint(box.left + box.width * x, box.top + box.height * y));
    if (!spots.some((spot) => spot && (shown.contains(spot) || spot.contains(shown) || node.contains(spot)))) faults.push(`hidden while it has the focus: ${name}`);
  }
  return faults;
}
