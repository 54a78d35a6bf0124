/** Which part of an image is shown. Views of any size show the same part in step. */
export interface Zoom {
  /** Times the size at which the whole image fits into the view. */
  readonly scale: number;
  /** The point of the image in the middle of the view, 0..1 of its width. */
  readonly x: number;
  /** 0..1 of its height. */
  readonly y: number;
}

export const whole: Zoom = { scale: 1, x: 0.5, y: 0.5 };

/** Pixels of the screen. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In pixels of the view, from its upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const MOST = 32;

/** The largest size of an image in a view. */
export function fitted(image: Size, view: Size): Size {
  const scale = Math.min(view.width / image.width, view.height / image.height);
  return { width: image.width * scale, height: image.height * scale };
}

/** Where the upper left corner of the image is. @param fit from {@link fitted} */
export function cornerOf({ scale, x, y }: Zoom, fit: Size, view: Size): Place {
  return {
    x: view.width / 2 - x * fit.width * scale,
    y: view.height / 2 - y * fit.height * scale,
  };
}

/** Zooms so that the point of the image at a place of the view stays there. */
export function zoomedAt(zoom: Zoom, factor: number, at: Place, fit: Size, view: Size): Zoom {
  const scale = Math.min(MOST, Math.max(1, zoom.scale * factor));
  const corner = cornerOf(zoom, fit, view);
  const pinned = (place: number, start: number, length: number, middle: number) =>
    (place - start) / (length * zoom.scale) - (place - middle) / (length * scale);
  return kept(
    {
      scale,
      x: pinned(at.x, corner.x, fit.width, view.width / 2),
      y: pinned(at.y, corner.y, fit.height, view.height / 2),
    },
    fit,
    view,
  );
}

/** Moves the image by pixels of the view. */
export function panned({ scale, x, y }: Zoom, by: Place, fit: Size, view: Size): Zoom {
  const moved = {
    scale,
    x: x - by.x / (fit.width * scale),
    y: y - by.y / (fit.height * scale),
  };
  return kept(moved, fit, view);
}

/** Zooms in or out around the middle. */
export function zoomedBy({ scale, x, y }: Zoom, factor: number): Zoom {
  const next = Math.min(MOST, Math.max(1, scale * factor));
  return next === 1 ? whole : { scale: next, x, y };
}

/** Without a margin on one side while something is hidden on the other. */
export function kept({ scale, x, y }: Zoom, fit: Size, view: Size): Zoom {
  const within = (middle: number, length: number, shown: number) => {
    const half = shown / (2 * length * scale);
    return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, middle));
  };
  return { scale, x: within(x, fit.width, view.width), y: within(y, fit.height, view.height) };
}
