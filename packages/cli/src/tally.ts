import { counted } from '@bigrid/errors';
import type { LoggedOutcome } from '@bigrid/node/internal';
import type { Row } from './results.ts';

/** Counts images by outcome. */
export class Tally {
  anomalous = 0;
  unsure = 0;
  normal = 0;
  unreadable = 0;
  /** How many of them show something other than the product. */
  unknown = 0;
  /** How many of them were already in the log. */
  logged = 0;

  get total(): number {
    return this.anomalous + this.unsure + this.normal + this.unreadable;
  }

  add(row: Row): void {
    this.#count('error' in row ? { verdict: 'unreadable' } : row);
  }

  /** Images already in the log count too; an image given twice in one run counts once. */
  addLogged(known: LoggedOutcome | 'under way'): void {
    if (known === 'under way') return;
    this.logged++;
    this.#count(known);
  }

  /** One line: `3 images: 1 anomalous, 2 normal; heat maps in marked`. */
  summary({ out, log }: { readonly out?: string | undefined; readonly log?: string | undefined }) {
    const parts = [`${this.anomalous} anomalous`, `${this.normal} normal`];
    if (this.unsure > 0) parts.splice(1, 0, `${this.unsure} unsure`);
    if (this.unreadable > 0) parts.push(`${this.unreadable} unreadable`);
    const places = [
      ...(this.unknown > 0 ? [`${this.unknown} of them unknown`] : []),
      ...(this.logged > 0 ? [`${this.logged} of them from ${log}`] : []),
      ...(out === undefined ? [] : [`heat maps in ${out}`]),
    ];
    return [`${counted(this.total, 'image')}: ${parts.join(', ')}`, ...places].join('; ');
  }

  #count({ verdict, unknown }: LoggedOutcome): void {
    this[verdict]++;
    if (unknown) this.unknown++;
  }
}
