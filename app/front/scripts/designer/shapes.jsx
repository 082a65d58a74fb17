/* What a state and an arrow look like. Their colours are classes: the sheet knows light and dark. */
import { BezierEdge, BezierEdgeModel, RectNode, RectNodeModel } from "@logicflow/core";

import { HEIGHT, WIDTH } from "./arrange.js";
import { LINE, on, size, wide } from "./route.js";

const ROOM = WIDTH - 58;

/* What a shape shows. A class of its own: LogicFlow would make each entry of plain data observable,
   which for hundreds of arrows takes longer than to draw them. */
export class Shown {
  constructor(values) {
    Object.assign(this, values);
  }
}

/* Two lines at most, cut where there is no more room. */
function lines(text) {
  const found = [""];
  for (const char of text) {
    if (wide(found[found.length - 1] + char) > ROOM) {
      if (found.length === 2) return [found[0], `${found[1].slice(0, -1)}…`];
      found.push("");
    }
    found[found.length - 1] += char;
  }
  return found;
}

class StateModel extends RectNodeModel {
  setAttributes() {
    this.width = WIDTH;
    this.height = HEIGHT;
    this.text.editable = false;
  }
}

const SIGNS = { open: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", waiting: "M-4 -5h8l-8 10h8z",
  done: "M-5 0l3.5 4l6.5 -8", cancelled: "M-4.5 -4.5l9 9m0 -9l-9 9" };

class StateView extends RectNode {
  getShape() {
    const { model } = this.props;
    const { x, y, properties, isSelected } = model;
    const { label, kind, start, mark } = properties.shown;
    const [left, top] = [x - WIDTH / 2, y - HEIGHT / 2];
    const words = lines(label);
    return (
      <g className={`dr-state is-${kind}${isSelected ? " is-chosen" : ""}`}>
        <rect className="dr-box" x={left} y={top} width={WIDTH} height={HEIGHT} rx="10" />
        {start && <path className="dr-start" d={`M${x} ${top - 26}v20m-6 -7l6 7l6 -7`} />}
        <path className="dr-sign" d={SIGNS[kind]} transform={`translate(${left + 22} ${y})`} />
        {words.map((line, index) => (
          <text className="dr-name" x={left + 40} y={y + (index - (words.length - 1) / 2) * 18}>{line}</text>
        ))}
        <Mark mark={mark} x={left + WIDTH - 4} y={top + 4} />
      </g>
    );
  }
}

function Mark({ mark, x, y }) {
  if (!mark) return null;
  return (
    <g className={`dr-mark is-${mark}`} transform={`translate(${x} ${y})`}>
      <circle r="9" />
      <text>!</text>
    </g>
  );
}

class WayModel extends BezierEdgeModel {
  initPoints() {
    this.follow(this.properties.shown?.points);
  }

  /* The curve as app/front/scripts/designer/route.js found it. A way that is being drawn has none. */
  follow(points) {
    if (!points) return;
    [this.startPoint, , , this.endPoint] = points;
    this.pointsList = points;
    this.path = this.getPath(points);
  }

  setAnchors() {}
  updatePoints() {}
  moveStartPoint() {}
  moveEndPoint() {}
}

class WayView extends BezierEdge {
  getEdge() {
    const { path, pointsList, properties, isSelected } = this.props.model;
    const { chosen, system } = properties.shown ?? {};
    const look = `dr-way${chosen || isSelected ? " is-chosen" : ""}${system ? " is-system" : ""}`;
    return (
      <g className={look}>
        <path className="dr-line" d={path} />
        <path className="dr-tip" d={tip(pointsList)} />
      </g>
    );
  }

  getArrow() {
    return null;
  }

  getText() {
    const { lines: rows, label } = this.props.model.properties.shown ?? {};
    if (!label) return null;
    const [width, height] = size(rows);
    const [x, y] = [label[0] - width / 2, label[1] - height / 2];
    return (
      <g className="dr-words">
        <rect x={x} y={y} width={width} height={height} rx="6" />
        {rows.map((row, index) => (
          <g className={`dr-word${row.chosen ? " is-chosen" : ""}${row.primary ? " is-primary" : ""}`}
            onClick={(event) => this.pick(event, row)}>
            <text x={label[0]} y={y + LINE * (index + 0.5)}>{row.text}</text>
            <Mark mark={row.mark} x={x + width + 4} y={y + LINE * (index + 0.5)} />
          </g>
        ))}
      </g>
    );
  }

  pick(event, row) {
    event.stopPropagation();
    this.props.graphModel.eventCenter.emit("way:pick", { index: row.index });
  }
}

function tip(points) {
  if (points.length < 4) return "";
  const end = points[3];
  const [x, y] = on(points, 0.94);
  const angle = Math.atan2(end.y - y, end.x - x);
  const wing = (turn) => `${end.x - 11 * Math.cos(angle + turn)} ${end.y - 11 * Math.sin(angle + turn)}`;
  return `M${end.x} ${end.y}L${wing(0.42)}L${wing(-0.42)}Z`;
}

export const SHAPES = [
  { type: "state", view: StateView, model: StateModel },
  { type: "way", view: WayView, model: WayModel },
];
