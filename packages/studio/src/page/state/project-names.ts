/** Characters of a name, with room for a number. */
const LONGEST = 60;

/** A name that URLs can have, of what people call a project: `Tur-links` for `Tür links`. */
export function nameFrom(title: string): string {
  const letters = title.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss');
  const name = letters.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[^A-Za-z0-9]+|-+$/g, '');
  return name.slice(0, LONGEST) || 'project';
}
