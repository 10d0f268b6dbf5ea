/** A plot as inline SVG: frame, grid and axes; what is drawn inside comes from the plots beside this file. */
import { type Markup, markup } from '../markup.js';
import type { Scale } from './scale.js';

const WIDTH = 560;
const HEIGHT = 240;
export const INSIDE = { left: 46, right: WIDTH - 14, top: 16, bottom: HEIGHT - 40 } as const;

export interface PlotFrame {
  /** What a screen reader says instead of the picture. */
  readonly description: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTitle: string;
  readonly xTick: (value: number) => string;
  readonly yTick: (value: number) => string;
}

export function plot(frame: PlotFrame, inside: readonly Markup[]): Markup {
  const { x, y, description, xTitle, xTick, yTick } = frame;
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${description}">
${y.ticks.map((tick) => {
  const at = place(y.at(tick));
  return markup`<line class="grid" x1="${INSIDE.left}" x2="${INSIDE.right}" y1="${at}" y2="${at}"/><text class="tick" x="${INSIDE.left - 8}" y="${at}" dy="0.35em" text-anchor="end">${yTick(tick)}</text>
`;
})}${x.ticks.map((tick) => {
  const at = place(x.at(tick));
  return markup`<line class="stub" x1="${at}" x2="${at}" y1="${INSIDE.bottom}" y2="${INSIDE.bottom + 4}"/><text class="tick" x="${at}" y="${INSIDE.bottom + 17}" text-anchor="middle">${xTick(tick)}</text>
`;
})}<line class="axis" x1="${INSIDE.left}" x2="${INSIDE.right}" y1="${INSIDE.bottom}" y2="${INSIDE.bottom}"/>
<text class="title" x="${INSIDE.right}" y="${HEIGHT - 4}" text-anchor="end">${xTitle}</text>
${inside}
</svg>`;
}

/** A tenth of a unit is finer than any screen. */
export function place(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `M0 1L2 3`. */
export function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${place(x)} ${place(y)}`).join('');
}
