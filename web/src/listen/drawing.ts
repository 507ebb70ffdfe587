/** Draws a waveform on a canvas, what was played in another colour. */

/** Of CSS pixels. */
const BAR = 3;
const GAP = 2;
const LEAST_HEIGHT = 3;

/** How many bars there is room for in `width` CSS pixels. */
export const barsIn = (width: number): number => Math.max(1, Math.floor((width + GAP) / (BAR + GAP)));

/** The bars of `heights` (0 to 1) over all of a box of so many CSS pixels. */
export function shape(heights: readonly number[], width: number, height: number): Path2D {
  const path = new Path2D();
  const step = (width + GAP) / heights.length;
  heights.forEach((loud, at) => {
    const tall = Math.max(LEAST_HEIGHT, loud * height);
    path.roundRect(at * step, (height - tall) / 2, step - GAP, tall, BAR / 2);
  });
  return path;
}

/** Draw `path` with everything left of `played` (0 to 1) in the canvas's own `color`, the rest as its border. */
export function paint(canvas: HTMLCanvasElement, path: Path2D, played: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const { color, borderTopColor } = getComputedStyle(canvas);
  context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
  context.clearRect(0, 0, width, height);
  const fill = (colour: string, from: number, to: number) => {
    context.save();
    context.beginPath();
    context.rect(from * width, 0, (to - from) * width, height);
    context.clip();
    context.fillStyle = colour;
    context.fill(path);
    context.restore();
  };
  // Beside each other: one over the other would show through at every edge.
  fill(color, 0, played);
  fill(borderTopColor, played, 1);
}

/** Fit the canvas to its box in the device's own pixels. */
export function fit(canvas: HTMLCanvasElement): void {
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
}

/** Calls `changed` whenever it may look different: another size, another pixel ratio, other colours. */
export function onLooks(canvas: HTMLCanvasElement, changed: () => void): () => void {
  const sizes = new ResizeObserver(changed);
  sizes.observe(canvas);
  const listened = new AbortController();
  const colours = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];
  for (const query of colours)
    matchMedia(query).addEventListener("change", changed, { signal: listened.signal });
  addEventListener("resize", changed, { signal: listened.signal });
  return () => {
    sizes.disconnect();
    listened.abort();
  };
}
