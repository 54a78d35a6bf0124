/** The first element that fits a selector, which the page is known to have. */
export function find<Type extends HTMLElement>(selector: string): Type {
  return document.querySelector(selector) as Type;
}

/** All elements that fit a selector. */
export function all(selector: string, inside: ParentNode = document): HTMLElement[] {
  return [...inside.querySelectorAll<HTMLElement>(selector)];
}
