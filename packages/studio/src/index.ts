/** Folder of the built page: `index.html`, and what it loads in `assets`. */
export const pageFolder = new URL('page/', import.meta.url);
