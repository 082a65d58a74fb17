/* The whole picture in small, with what is seen of it; a press on it goes there. */
import { useEffect, useState } from "preact/hooks";

import { HEIGHT, WIDTH } from "./arrange.js";
import { t } from "./words.js";

const LARGE = 9;

export function MiniMap({ canvas, spots, chosen }) {
  const [, look] = useState(0);
  useEffect(() => {
    if (!canvas) return undefined;
    let asked = 0;
    canvas.seen = () => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => look((count) => count + 1));
    };
    return () => {
      canvas.seen = () => {};
    };
  }, [canvas]);
  if (!canvas || Object.keys(spots).length < LARGE) return null;
  const [left, top, right, bottom] = canvas.bounds();
  const { transformModel, width, height } = canvas.flow.graphModel;
  const [x, y] = transformModel.HtmlPointToCanvasPoint([0, 0]);
  const [far, low] = transformModel.HtmlPointToCanvasPoint([width, height]);
  const go = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const scale = Math.max((right - left) / box.width, (bottom - top) / box.height);
    const middle = [(left + right) / 2, (top + bottom) / 2];
    canvas.look(middle[0] + (event.clientX - box.left - box.width / 2) * scale,
      middle[1] + (event.clientY - box.top - box.height / 2) * scale);
  };
  return (
    <svg class="dr-map" viewBox={`${left} ${top} ${right - left} ${bottom - top}`} onPointerDown={go} aria-hidden="true" focusable="false">
      <title>{t("map")}</title>
      {Object.entries(spots).map(([key, [a, b]]) => (
        <rect class={key === chosen ? "is-chosen" : ""} x={a - WIDTH / 2} y={b - HEIGHT / 2} width={WIDTH} height={HEIGHT} />
      ))}
      <rect class="dr-map-seen" x={x} y={y} width={far - x} height={low - y} />
    </svg>
  );
}
