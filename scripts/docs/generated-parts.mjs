// Generated parts of pages, between `<!-- generated:NAME -->` and `<!-- /generated -->`. Everything else is edited by
// hand.

const parts = /(<!-- generated:(\S+) -->\n)(.*?)(\n<!-- \/generated -->)/gs;

/** Names of the generated parts of a page, in order. */
export const partNames = (page) => [...page.matchAll(parts)].map(([, , name]) => name);

/** The page with new content in the part of that name. */
export function fillPart(page, name, content) {
  if (!partNames(page).includes(name)) {
    throw new Error(
      `Expected <!-- generated:${name} --> and <!-- /generated --> in the page to write to`,
    );
  }
  return page.replaceAll(parts, (whole, start, own, _before, end) =>
    own === name ? `${start}\n${content.trim()}\n${end}` : whole,
  );
}
