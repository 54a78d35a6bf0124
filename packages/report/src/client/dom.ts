/** The first element that matches a selector; the page must have one. */
export function find<Type extends HTMLElement>(selector: string): Type {
  return document.querySelector(selector) as Type;
}

/** All elements that match a selector. */
export function all(selector: string, inside: ParentNode = document): HTMLElement[] {
  return [...inside.querySelectorAll<HTMLElement>(selector)];
}
