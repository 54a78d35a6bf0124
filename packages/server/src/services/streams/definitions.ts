import { z } from 'zod';
import { projectNameSchema } from '../projects.ts';
import { modelNameSchema, nameSchema } from '../settings.ts';

const fps = z
  .number()
  .min(0.01)
  .max(240)
  .optional()
  .describe('Most frames per second to inspect (default: as many as the source has)');

const path = z.string().min(1).max(4096);

const videoSize = z
  .string()
  .regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/)
  .meta({ expected: 'a size such as 1920x1080' });

function address(protocol: RegExp) {
  // A host is required: `http:relative` is a URL as well.
  // Checks that follow may rely on a URL.
  return z.url({ protocol, hostname: /./, normalize: true, abort: true }).max(2000);
}

/** Where the images of a stream come from. */
const sourceSchema = z
  .discriminatedUnion('type', [
    z
      .strictObject({
        type: z.literal('folder'),
        path: path.describe('Folder on the server, inside one that `--watch` allows'),
      })
      .describe('Images that appear in a folder; none is left out'),
    z
      .strictObject({ type: z.literal('rtsp'), url: address(/^rtsps?$/), fps })
      .describe('A network camera'),
    z
      .strictObject({ type: z.literal('mjpeg'), url: address(/^https?$/), fps })
      .describe('A network camera that sends JPEG images over HTTP'),
    z
      .strictObject({
        type: z.literal('usb'),
        device: z.string().regex(/^\/dev\/video\d{1,3}$/),
        size: videoSize.optional().describe('Pixels (default: as the camera decides)'),
        fps,
      })
      .describe('A camera at the server itself, on Linux'),
    z
      .strictObject({
        type: z.literal('video'),
        path: path.describe('Video file on the server, inside a folder that `--watch` allows'),
        fps,
      })
      .describe('The frames of a video file, from its start to its end; none is left out'),
  ])
  .meta({ id: 'StreamSource' });

export type Source = z.infer<typeof sourceSchema>;

const common = {
  verdicts: z
    .array(z.enum(['normal', 'unsure', 'anomalous']))
    .min(1)
    .optional()
    .describe('Leave out results with other verdicts (default: none)'),
};

const retention = {
  days: z.int().min(1).max(36_500).default(30).describe('Days after which files are deleted'),
  mostGigabytes: z
    .number()
    .min(0.001)
    .max(1_000_000)
    .default(10)
    .describe('Size above which the oldest files are deleted'),
};

function mostPerSecond(most: number) {
  return z
    .number()
    .min(0.01)
    .max(10_000)
    .default(most)
    .describe('Results per second at most; further ones are skipped and counted');
}

const topic = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^+#\0]+$/)
  .meta({ expected: 'a topic without wildcards' });

const nodeId = z
  .string()
  .max(1000)
  .regex(/^(ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|b=[\w+/]+=*)$/i)
  .meta({ expected: 'a node id such as ns=2;s=Line1.Anomalous' })
  .optional();

/** Variables of an OPC UA server, by what is written to them. */
const nodes = z
  .strictObject({
    anomalous: nodeId.describe('Boolean: the image is anomalous, or could not be inspected'),
    verdict: nodeId.describe('String: normal, unsure, anomalous or error'),
    score: nodeId.describe('Double or Float'),
    image: nodeId.describe('String: the name of the image'),
    at: nodeId.describe('DateTime: when the image was inspected'),
    count: nodeId.describe(
      'Integer of 16 or 32 bits: goes up by one with each result, as the last',
    ),
  })
  .refine((named) => Object.keys(named).length > 0, 'Expected at least one variable');

const webhook = z
  .strictObject({
    type: z.literal('webhook'),
    url: address(/^https?$/).refine(hasNoPassword, 'Expected no password in the URL'),
    ...common,
  })
  .describe('Posts each result, in order, until it is accepted; also after a restart');

const mqtt = z
  .strictObject({
    type: z.literal('mqtt'),
    url: address(/^(mqtts?|wss?)$/).refine(hasNoPassword, 'Expected no password in the URL'),
    topic: topic.optional().describe('Default: bigrid/NAME, with the name of the stream'),
    availabilityTopic: topic
      .optional()
      .describe('Holds online or offline, retained (default: TOPIC/availability)'),
    qos: z.literal([0, 1, 2]).default(0),
    retain: z.boolean().default(false).describe('Whether the broker keeps the latest result'),
    username: z.string().min(1).max(1000).optional(),
    password: z.string().min(1).max(1000).optional(),
    mostPerSecond: mostPerSecond(100),
    ...common,
  })
  .describe('Publishes each result to an MQTT broker while it can be reached');

/** Receivers that a test message can be sent to: in a PLC, files and projects it would do harm. */
export const receiverSchema = z.discriminatedUnion('type', [webhook, mqtt]);

export type ReceiverDefinition = z.infer<typeof receiverSchema>;

/** Where the results of a stream go. */
export const sinkSchema = z
  .discriminatedUnion('type', [
    webhook,
    mqtt,
    z
      .strictObject({
        type: z.literal('opcua'),
        url: address(/^opc\.tcp$/).refine(hasNoPassword, 'Expected no password in the URL'),
        nodes,
        security: z
          .enum(['none', 'sign', 'sign-and-encrypt'])
          .default('none')
          .describe('Basic256Sha256, unless none'),
        username: z.string().min(1).max(1000).optional(),
        password: z.string().min(1).max(1000).optional(),
        mostPerSecond: mostPerSecond(100),
        ...common,
      })
      .describe('Writes each result to variables of an OPC UA server, such as a PLC'),
    z
      .strictObject({ type: z.literal('lines'), ...retention, ...common })
      .describe('Appends a line of JSON per result to a file per day in the data folder'),
    z
      .strictObject({
        type: z.literal('folder'),
        content: z.enum(['image', 'heat-map']).default('image'),
        ...retention,
        mostPerSecond: mostPerSecond(10),
        ...common,
      })
      .describe('Keeps images, or their heat maps, in a folder per verdict in the data folder'),
    z
      .strictObject({
        type: z.literal('project'),
        project: projectNameSchema,
        latest: z
          .int()
          .min(1)
          .max(100_000)
          .default(1000)
          .describe(
            'Unlabelled images of the stream that the project keeps; older ones are deleted',
          ),
        mostPerSecond: mostPerSecond(1),
        verdicts: common.verdicts.unwrap().default(['anomalous', 'unsure']),
      })
      .describe('Adds images to a project, unlabelled, so that a person can label them'),
  ])
  .meta({ id: 'StreamSink' });

export type SinkDefinition = z.infer<typeof sinkSchema>;

/** What a stream is made of. */
export const streamSchema = z.strictObject({
  name: nameSchema('Name of the stream'),
  source: sourceSchema,
  model: modelNameSchema,
  version: z.int().min(1).optional().describe('Default: whichever is active'),
  sinks: z.array(sinkSchema).max(16).default([]),
});

export type StreamDefinition = z.infer<typeof streamSchema>;

/** A definition that can be shown: of URLs only protocol and host remain, since any other part may be a secret. */
export function withoutSecrets(definition: StreamDefinition): StreamDefinition {
  const { source, sinks } = definition;
  return {
    ...definition,
    source: 'url' in source ? { ...source, url: originOf(source.url) } : source,
    sinks: sinks.map((sink) => {
      if (!('url' in sink)) return sink;
      const shown = { ...sink, url: originOf(sink.url) };
      if (shown.type !== 'mqtt' && shown.type !== 'opcua') return shown;
      return { ...shown, username: undefined, password: undefined };
    }),
  };
}

/**
 * Fills in what {@link withoutSecrets} hides, so that a definition that was read can be changed and sent back: a URL that is as
 * it was shown stands for the earlier one, with its user and password.
 */
export function withSecretsOf(
  earlier: StreamDefinition,
  definition: StreamDefinition,
): StreamDefinition {
  return {
    ...definition,
    source: whole(definition.source, [earlier.source]),
    sinks: definition.sinks.map((sink, at) =>
      // One sink may be as another of the same host: the one in the same place comes first.
      whole(sink, [...earlier.sinks.slice(at, at + 1), ...earlier.sinks]),
    ),
  };
}

/** Fills in what {@link withoutSecrets} hides of a receiver that a stream has. */
export function receiverWithSecretsOf(
  { sinks }: StreamDefinition,
  receiver: ReceiverDefinition,
): ReceiverDefinition {
  return whole(receiver, sinks as ReceiverDefinition[]);
}

interface MayHaveSecrets {
  readonly type: string;
  readonly url?: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

function whole<Part extends MayHaveSecrets>(part: Part, earlier: readonly Part[]): Part {
  const known = earlier.find(
    ({ type, url }) => type === part.type && url !== undefined && originOf(url) === part.url,
  );
  if (!known) return part;
  const { url, username, password } = known;
  return { username, password, ...part, url };
}

/** `rtsp://camera:554/` */
export function originOf(text: string): string {
  const { protocol, host } = new URL(text);
  return `${protocol}//${host}/`;
}

function hasNoPassword(text: string): boolean {
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
