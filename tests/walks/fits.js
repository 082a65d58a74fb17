/* Whether the page scrolls sideways, and what makes it. What draws itself anew in a new width, as
   charts do, gets a second for it. */
async () => {
  const root = document.documentElement;
  const scrolls = (node) => /auto|scroll|hidden|clip/.test(getComputedStyle(node).overflowX);
  const inside = (node) => node && node !== document.body && (scrolls(node) || inside(node.parentElement));
  for (let left = 10; left && root.scrollWidth > root.clientWidth; left -= 1) {
    await new Promise((done) => { setTimeout(done, 100); });
  }
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((node) => node.checkVisibility()
    && node.getBoundingClientRect().right > root.clientWidth + 1 && !inside(node.parentElement));
  return [`${root.scrollWidth} px wide: ${wide.slice(0, 3).map((node) => node.outerHTML.slice(0, 90)).join(" … ")}`];
}
