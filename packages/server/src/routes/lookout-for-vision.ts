import { z } from 'zod';
import type { InspectionResult } from '../workers/messages.ts';

const area = z.object({ TotalPercentageArea: z.number() });

/** The response of DetectAnomalies of Amazon Lookout for Vision, without its mask image. */
export const lookoutSchema = z
  .object({
    DetectAnomalyResult: z.object({
      Source: z.object({ Type: z.literal('direct') }),
      IsAnomalous: z.boolean(),
      Confidence: z.number(),
      Anomalies: z.array(z.object({ Name: z.string(), PixelAnomaly: area })),
    }),
  })
  .meta({ id: 'DetectAnomaliesResponse' });

/** `Confidence` is in the classification that was returned, as there: never below 0.5 but for unsure images. */
export function toLookout(result: InspectionResult): z.infer<typeof lookoutSchema> {
  const { isAnomalous, confidence, regions, width, height } = result;
  const share = Math.min(
    1,
    regions.reduce((sum, region) => sum + region.area, 0) / (width * height),
  );
  const anomalies = [
    { Name: 'background', PixelAnomaly: { TotalPercentageArea: 1 - share } },
    { Name: 'anomaly', PixelAnomaly: { TotalPercentageArea: share } },
  ];
  return {
    DetectAnomalyResult: {
      Source: { Type: 'direct' },
      IsAnomalous: isAnomalous,
      Confidence: isAnomalous ? confidence : 1 - confidence,
      Anomalies: share > 0 ? anomalies : anomalies.slice(0, 1),
    },
  };
}
