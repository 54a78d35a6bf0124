import type { ModelService } from './models.ts';

/** What the routes stand on. */
export interface Services {
  readonly models: ModelService;
}
