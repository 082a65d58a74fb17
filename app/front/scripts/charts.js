/* Charts, loaded only by the pages that draw some: each [data-chart] is followed by its data in a
   <script type="application/json">. Colours are the page's own, so a change of mode draws anew;
   lines differ by dash and point, bars by pattern. The same figures stand in a table beside it. */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([AriaComponent, BarChart, GridComponent, LegendComponent, LineChart, SVGRenderer, TooltipComponent]);

const DASHES = ["solid", "dashed", "dotted"];
const POINTS = ["circle", "rect", "triangle"];
const drawn = new Map();

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--sf-${name}`).trim();

function text(size = 13) {
  return { color: token("quiet"), fontSize: size, fontFamily: getComputedStyle(document.body).fontFamily };
}

function series(data) {
  return data.series.map((line, index) => {
    const color = token(line.look);
    const common = { name: line.name, data: line.values, color };
    if (data.kind === "bars") return { ...common, type: "bar", barMaxWidth: 22 };
    return {
      ...common, type: "line", symbol: POINTS[index % 3], symbolSize: 8, connectNulls: true,
      lineStyle: { type: DASHES[index % 3], width: 2.5 },
    };
  });
}

function option(data, narrow) {
  const bars = data.kind === "bars";
  const names = { type: "category", data: data.labels, axisLabel: { ...text(), hideOverlap: true },
    axisLine: { lineStyle: { color: token("line-strong") } }, axisTick: { show: false }, inverse: bars };
  const values = { type: "value", min: 0, max: data.percent ? 100 : null, minInterval: 1,
    axisLabel: { ...text(), formatter: data.percent ? "{value}%" : "{value}" },
    splitLine: { lineStyle: { color: token("line") } } };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !still, animationDuration: 300,
    aria: { enabled: true, label: { enabled: false }, decal: { show: bars } },
    textStyle: text(), grid: { left: 8, right: 16, top: narrow ? 66 : 44, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 30, icon: bars ? "rect" : undefined, textStyle: { ...text(14), color: token("ink") } },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("raised"),
      borderColor: token("line-strong"), textStyle: { ...text(), color: token("ink") },
      valueFormatter: (value) => (value == null ? "–" : data.percent ? `${value}%` : String(value)) },
    xAxis: bars ? values : names, yAxis: bars ? names : values, series: series(data),
  };
}

function draw(box) {
  const source = box.nextElementSibling;
  const data = JSON.parse(source.textContent);
  box.classList.add("is-drawn");
  if (data.kind === "bars") box.classList.add(data.labels.length > 6 ? "is-long" : "is-short");
  const chart = drawn.get(box) ?? init(box, null, { renderer: "svg" });
  drawn.set(box, chart);
  chart.setOption(option(data, box.clientWidth < 420), true);
}

function start(root) {
  root.querySelectorAll?.("[data-chart]").forEach(draw);
}

function again() {
  for (const [box, chart] of drawn) {
    if (box.isConnected) draw(box);
    else { chart.dispose(); drawn.delete(box); }
  }
}

const begin = () => start(document);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) start(event.detail.elt);
});
new ResizeObserver(() => drawn.forEach((chart) => chart.resize())).observe(document.documentElement);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme", "class"] });
addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
