import { z } from 'zod';
import type { DrawThumbnail } from './thumbnail.ts';

export const drawThumbnailSchema = z
  .custom<DrawThumbnail>((value) => typeof value === 'function')
  .meta({ expected: 'a function' });
