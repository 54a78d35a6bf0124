import { eventsAt, type ReceivedEvent } from './events.ts';
import { imageBytes, json, type Reachable } from './server.ts';

/** Options of a training of about a second. */
export const tiny = { epochs: 1, size: 64, threads: 1, seed: 1 };

/** Creates a project with 8 images to train on, 3 normal ones to test with, and 2 with a spot. */
export async function createProject(server: Reachable, name: string): Promise<void> {
  await json(server, 'POST', '/v1/projects', { name });
  const upload = async (seed: number, query: string, defective = false) =>
    server.send(
      'POST',
      `/v1/projects/${name}/images?name=${seed}.png&${query}`,
      await imageBytes(seed, defective),
    );
  for (let seed = 0; seed < 8; seed++) await upload(seed, 'label=normal');
  for (let seed = 50; seed < 53; seed++) await upload(seed, 'label=normal&split=test');
  for (let seed = 0; seed < 2; seed++) await upload(seed, 'label=defect&kind=spot', true);
}

/** The events of a job, as they come, until the stream ends. @param after id of the last one received */
export async function* follow(
  server: Reachable,
  job: number,
  after?: number,
): AsyncGenerator<ReceivedEvent> {
  const headers = after === undefined ? {} : { 'Last-Event-ID': String(after) };
  yield* eventsAt(server, `/v1/jobs/${job}/events`, headers);
}

/** All events of a job, once it has ended. @param after id of the last one received */
export async function eventsOf(server: Reachable, job: number, after?: number) {
  const events: ReceivedEvent[] = [];
  for await (const event of follow(server, job, after)) events.push(event);
  return events;
}

/** Waits until a job has ended. @returns it */
export async function ended(server: Reachable, job: number) {
  await eventsOf(server, job);
  return (await json(server, 'GET', `/v1/jobs/${job}`)).body;
}
