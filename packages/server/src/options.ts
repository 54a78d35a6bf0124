import { z } from 'zod';

const jobs = z
  .int()
  .min(1)
  .max(64)
  .default(1)
  .describe('Trainings and other jobs that run at once; others wait');

const processes = z
  .int()
  .min(1)
  .max(1024)
  .optional()
  .describe('Processes per model, each on one core (default: as many as there are cores)');

const timeout = z
  .int()
  .min(1)
  .max(3600)
  .default(60)
  .describe('Seconds that one inspection may take');

const queue = z.string().min(1).meta({ expected: 'an address' });

const store = z
  .string()
  .min(1)
  .optional()
  .meta({ expected: 'an address' })
  .describe('S3 bucket through which workers get files: s3://BUCKET/PREFIX');

const logLevel = z
  .enum(['silent', 'error', 'warn', 'info', 'debug'])
  .default('info')
  .describe('What to log');

/** The options of the server: the one definition for the command line, the API and the docs. */
export const serverOptionsSchema = z.strictObject({
  models: z
    .string()
    .min(1)
    .optional()
    .meta({ expected: 'a path' })
    .describe('Folder of model files to serve: NAME.onnx or NAME/VERSION/model.onnx'),
  data: z
    .string()
    .min(1)
    .default('bigrid-data')
    .meta({ expected: 'a path' })
    .describe('Folder for everything that the server keeps'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .meta({ expected: 'an address' })
    .describe('Address to listen on'),
  port: z.int().min(0).max(65_535).default(8000).describe('Port to listen on; 0: any free one'),
  watch: z
    .array(z.string().min(1).meta({ expected: 'a path' }))
    .default([])
    .describe('Folder that streams may read images and videos from; may be repeated'),
  allowHost: z
    .array(z.string().min(1).meta({ expected: 'a host name' }))
    .default([])
    .describe('Further name by which clients may address the server; may be repeated'),
  keys: z
    .enum(['auto', 'always'])
    .default('auto')
    .describe('When requests need a key; auto: unless it listens on loopback only'),
  rateLimit: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Most requests per second with one key'),
  processes,
  maxWaiting: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Inspections that may wait per model; further ones get status 503'),
  jobs,
  backbone: z
    .string()
    .min(1)
    .optional()
    .meta({ expected: 'a path' })
    .describe(
      'Weights of DINOv2, .safetensors, for trainings with the profile accurate; workers need the file at the same path',
    ),
  queue: queue
    .optional()
    .describe('Redis from which workers take jobs and images: redis://HOST:PORT'),
  store,
  timeout,
  bodyLimit: z
    .int()
    .min(1)
    .max(4096)
    .default(64)
    .describe('Most megabytes of a request, other than a model file'),
  logInspections: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(1_000_000)
    .describe('Inspections that are kept in the log, the newest; 0: none'),
  logLevel,
});

export type ServerOptions = z.output<typeof serverOptionsSchema>;

/** The options of a worker. */
export const workerOptionsSchema = z.strictObject({
  queue: queue.describe('Redis of the server: redis://HOST:PORT'),
  store,
  data: z
    .string()
    .min(1)
    .default('bigrid-data')
    .meta({ expected: 'a path' })
    .describe('Data folder of the server, which both share; with --store, one for copies'),
  cacheLimit: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .describe('Most gigabytes of copies that are kept, with --store'),
  jobs,
  processes,
  timeout,
  logLevel,
});

export type WorkerOptions = z.output<typeof workerOptionsSchema>;
