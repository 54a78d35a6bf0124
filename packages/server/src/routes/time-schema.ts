import { z } from 'zod';

/** A time in a query: ISO 8601, with an offset or Z; ms since 1970 once it is read. */
export const timeSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
