import { mkdir, realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fail } from '@bigrid/errors';
import { failToRead, failToWrite, holdAlone, reasonOf } from '@bigrid/node/internal';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Database } from './database/database.ts';
import { createLogger } from './logger.ts';
import { isLoopback } from './loopback.ts';
import { openMachines } from './machines.ts';
import type { ServerOptions } from './options.ts';
import { namesOf } from './plugins/origin.ts';
import { FileRepository } from './repositories/files.ts';
import { JobFolders } from './repositories/job-folders.ts';
import { PreviewRepository } from './repositories/previews.ts';
import { ReplayRepository } from './repositories/replays.ts';
import { StreamFiles } from './repositories/stream-files.ts';
import { AuditLog } from './services/audit.ts';
import { ComparisonService } from './services/comparison.ts';
import { GroundTruthService } from './services/ground-truths.ts';
import { HistoryService } from './services/history.ts';
import { ImageService } from './services/images.ts';
import { InspectionLog } from './services/inspections.ts';
import { JobService } from './services/jobs.ts';
import { KeyService } from './services/keys.ts';
import { addModelFolder } from './services/model-folder.ts';
import { ModelService } from './services/models.ts';
import { ProjectService } from './services/projects.ts';
import { SampleService } from './services/sample.ts';
import { ScoreService } from './services/scores.ts';
import type { Services } from './services/services.ts';
import { AllowedFolders } from './services/streams/allowed-folders.ts';
import { StreamService } from './services/streams/streams.ts';
import { UnusedFiles } from './services/unused-files.ts';
import { UploadService } from './services/uploads.ts';
import { ImageDecoder } from './workers/image-decoder.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** The key of an administrator, if keys are needed and there was none. It cannot be had again. */
  readonly firstKey: string | undefined;
  /** Finishes the requests that it has, refuses further ones, and ends its processes. */
  close(): Promise<void>;
}

/**
 * Starts the server: opens its data folder, loads the active models, and listens.
 * @throws IN_USE if another server has the data folder; DATA_TOO_NEW, OUTPUT_UNWRITABLE, QUEUE_UNAVAILABLE,
 * ADDRESS_UNAVAILABLE
 */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const { data } = options;
  await mkdir(data, { recursive: true }).catch((error: unknown) => failToWrite(data, error));
  // Closed in reverse order.
  const opened: (() => unknown)[] = [await holdAlone(data)];
  const close = async () => {
    for (let one = opened.pop(); one; one = opened.pop()) await one();
  };
  try {
    return { ...(await open(options, opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param opened receives what has to be closed */
async function open(
  options: ServerOptions,
  opened: (() => unknown)[],
): Promise<Omit<RunningServer, 'close'>> {
  const { host, logLevel: level } = options;
  const logger = createLogger(level);
  const services = await openServices(options, opened, logger);
  const { jobs, keys, models, streams } = services;
  // Processes load the active models while this one loads its routes.
  const loading = models.loadActive();
  const { createApp } = await import('./app.ts');
  const keysRequired = options.keys === 'always' || !(await isLoopback(host));
  const app = await createApp(services, {
    bodyLimit: options.bodyLimit * 2 ** 20,
    logger,
    keysRequired,
    rateLimit: options.rateLimit,
    names: namesOf(host, options.allowHost),
  });
  opened.push(() => app.close());
  const url = await listen(app, options);
  if (options.models !== undefined) {
    for (const { path, error } of await addModelFolder(options.models, models)) {
      logger.error({ err: error, path }, 'A model file could not be added');
    }
  }
  for (const { model, error } of await loading) {
    logger.error({ err: error, model }, 'A model could not be loaded');
  }
  await streams.resume();
  await jobs.start();
  const first = keysRequired ? await keys.createFirst() : undefined;
  return { url, firstKey: first?.key };
}

/**
 * Opens what the routes stand on.
 * @param opened receives what has to be closed
 * @param logger gets what no request is answered with
 * @throws PATH_MISSING, DATA_TOO_NEW, DATA_DAMAGED, OUTPUT_UNWRITABLE, STORE_BUSY, QUEUE_UNAVAILABLE
 */
export async function openServices(
  options: ServerOptions,
  opened: (() => unknown)[],
  logger: Pick<Logger, 'error' | 'warn'>,
): Promise<Services> {
  const onError = (error: unknown) =>
    logger.error({ err: error }, 'Something failed that no request waits for');
  const { data, watch, bodyLimit, processes = availableParallelism() } = options;
  const backbone = await findBackbone(options);
  const database = await Database.open(data);
  opened.push(() => database.close());
  const files = await FileRepository.open(data);
  const keys = new KeyService(database);
  const { createDetectors, runner, store } = await openMachines(options, opened, onError);
  const models = new ModelService(database, files, createDetectors);
  opened.push(() => models.dispose());
  const decoder = new ImageDecoder();
  opened.push(() => decoder.dispose());
  const mostBytes = bodyLimit * 2 ** 20;
  const previews = new PreviewRepository(data);
  const projects = new ProjectService(database, new JobFolders(data));
  const images = new ImageService({ database, files, previews, decoder, projects, mostBytes });
  const groundTruths = new GroundTruthService({ database, files, decoder, images, mostBytes });
  const uploads = new UploadService({ files, images, groundTruths });
  opened.push(() => uploads.close());
  const sample = new SampleService(projects, files, uploads);
  opened.push(() => sample.close());
  const inspections = new InspectionLog(database, options.logInspections, onError);
  opened.push(() => inspections.flush());
  const history = new HistoryService(database, inspections, models);
  const allowed = new AllowedFolders(watch);
  const streamFiles = new StreamFiles(data);
  const streams = new StreamService({
    ...{ database, files: streamFiles, images, projects, models, inspections, allowed, decoder },
    atOnce: processes,
    onTrouble: ({ trouble, ...of }) => logger.warn(of, trouble),
  });
  opened.push(() => streams.dispose());
  const audit = new AuditLog(database);
  const scores = new ScoreService({ database, images, models, projects });
  const jobs = new JobService({
    ...{ data, database, files, images, models, projects, runner, scores, onError, backbone },
  });
  opened.push(() => jobs.close());
  const replays = new ReplayRepository(data);
  const unused = new UnusedFiles({
    ...{ files, previews, replays, images, models, jobs, store, onError },
  });
  await unused.start();
  opened.push(() => unused.stop());
  return {
    audit,
    comparisons: new ComparisonService(images, models, scores),
    groundTruths,
    history,
    images,
    inspections,
    jobs,
    keys,
    models,
    projects,
    sample,
    scores,
    streams,
    uploads,
  };
}

/** Jobs run in processes of their own, with another working directory perhaps. @throws PATH_MISSING */
async function findBackbone({ backbone }: ServerOptions): Promise<string | undefined> {
  if (backbone === undefined) return undefined;
  return realpath(backbone).catch((error: unknown) =>
    failToRead(backbone, 'a file of weights', error),
  );
}

/** @returns where it listens. @throws ADDRESS_UNAVAILABLE */
function listen(app: FastifyInstance, { host, port }: ServerOptions): Promise<string> {
  return app
    .listen({ host, port })
    .catch((error: unknown) =>
      fail(
        'ADDRESS_UNAVAILABLE',
        `Expected to listen on ${host}, port ${port}, but received: ${reasonOf(error)}`,
        { cause: error },
      ),
    );
}
