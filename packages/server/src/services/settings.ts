import type { Manifest } from '@bigrid/node';
import { askForDefects } from '@bigrid/node/internal';
import { z } from 'zod';

/** Names in URLs: what a path can hold without escapes. @param description what has the name */
export function nameSchema(description: string) {
  return z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/)
    .meta({
      expected: 'a name of up to 64 letters, digits, dots, hyphens and underscores',
      description,
    });
}

export const modelNameSchema = nameSchema('Name of a model');

const rule = z.string().min(1).max(100).meta({ expected: 'the text of a rule' });

/** How a version judges, which can change while it is in use. What is left out is as the model file says. */
export const rulesSchema = z
  .strictObject({
    threshold: rule.describe('Rule for the threshold, such as max-fpr:0.05, or a number'),
    unsure: rule.describe('Rule for a lower threshold: images between the two are unsure; or none'),
    smallestRegion: z
      .number()
      .min(0)
      .max(1e8)
      .describe('Leave out regions of fewer pixels of the image'),
  })
  .partial();

export const settingsSchema = rulesSchema.extend({
  mask: z.string().optional().describe('SHA-256 of the mask that replaces that of the model file'),
});

export type Rules = z.infer<typeof rulesSchema>;
export type Settings = z.infer<typeof settingsSchema>;

/** Rules of both thresholds. */
export interface BothRules {
  readonly threshold: string;
  /** `none` for no unsure verdicts. */
  readonly unsure: string;
}

/** Rules that give thresholds again from the scores that the model file has; numbers for those that took defects. */
export function rulesThatGive({ unsure, ...main }: Manifest['calibration']): BothRules {
  const ruleOf = ({ rule, threshold }: { readonly rule: string; readonly threshold: number }) =>
    askForDefects({ threshold: rule }) ? String(threshold) : rule;
  return { threshold: ruleOf(main), unsure: unsure ? ruleOf(unsure) : 'none' };
}
