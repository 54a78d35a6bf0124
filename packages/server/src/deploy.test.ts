import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ZodType } from 'zod';
import { serverOptionsSchema, workerOptionsSchema } from './options.ts';

const read = (name: string) =>
  readFile(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8');

// biome-ignore lint/suspicious/noExplicitAny: YAML files have no types.
const documents = async (name: string): Promise<any[]> =>
  parseAllDocuments(await read(name)).map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS();
  });

/** The options of a command line `serve --flag value ...`, checked by the schema. */
function optionsOf([command, ...words]: readonly string[]) {
  expect(command).toBe('serve');
  return serverOptionsSchema.parse(given(serverOptionsSchema.shape, words));
}

function workerOptionsOf([command, ...words]: readonly string[]) {
  expect(command).toBe('worker');
  return workerOptionsSchema.parse(given(workerOptionsSchema.shape, words));
}

/** The values of flags, by the names of the options. */
function given(shape: Readonly<Record<string, ZodType>>, words: readonly string[]) {
  const values: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]?.replace(/^--/, '').replaceAll(/-(.)/g, (_, c) => c.toUpperCase()) ?? '';
    const field = shape[name] as ZodType;
    expect(field, name).toBeDefined();
    const { type } = 'unwrap' in field ? (field.unwrap as () => ZodType)() : field;
    const value = words[i + 1] as string;
    const before = values[name];
    if (type === 'array') values[name] = [...((before as string[]) ?? []), value];
    else values[name] = type === 'number' ? Number(value) : value;
  }
  return values;
}

const instruction = (text: string, name: string) =>
  new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? '';

describe('deploy/', () => {
  it('has an image whose parts agree', async () => {
    const text = await read('Dockerfile');
    const { host, port, data } = optionsOf(JSON.parse(instruction(text, 'CMD')));
    expect(host).toBe('0.0.0.0');
    expect(instruction(text, 'EXPOSE')).toBe(String(port));
    expect(instruction(text, 'VOLUME')).toBe(data);
    expect(text).toContain(`http://127.0.0.1:${port}/health/live`);
    expect(text).toContain(`chown ${instruction(text, 'USER')} ${data}`);
    const [, program] = JSON.parse(instruction(text, 'ENTRYPOINT'));
    await readFile(new URL(`../../../${program}`, import.meta.url));
  });

  it('has a Compose file that agrees with the image', async () => {
    const [{ services, volumes }] = await documents('compose.yaml');
    const { command, ports, volumes: mounts, build, read_only } = services.bigrid;
    const { port, data } = optionsOf(command);
    expect(ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(mounts).toEqual([`data:${data}`]);
    expect(volumes).toHaveProperty('data');
    expect(read_only).toBe(true);
    expect(build).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile' });
  });

  it('has a Compose file for workers that agrees with that of the server', async () => {
    const [{ services: one }] = await documents('compose.yaml');
    const [{ services, volumes }] = await documents('compose.workers.yaml');
    const { queue, ...server } = optionsOf(services.bigrid.command);
    expect(server).toEqual(optionsOf(one.bigrid.command));
    const { worker } = services;
    expect(workerOptionsOf(worker.command)).toMatchObject({ queue, data: server.data });
    expect(services).toHaveProperty(new URL(queue as string).hostname);
    for (const part of ['build', 'volumes', 'read_only', 'tmpfs', 'cap_drop', 'security_opt']) {
      expect(worker[part], part).toEqual(one.bigrid[part]);
    }
    expect(services.redis.volumes).toEqual([`${Object.keys(volumes)[0]}:/data`]);
  });

  it('has an example for Kubernetes that agrees with the image', async () => {
    const [claim, deployment, service] = await documents('kubernetes.yaml');
    const { spec } = deployment.spec.template;
    const [container] = spec.containers;
    const { port, data, allowHost } = optionsOf(container.args);
    expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
    expect(container.volumeMounts[0]).toEqual({ name: 'data', mountPath: data });
    expect(spec.volumes[0].persistentVolumeClaim.claimName).toBe(claim.metadata.name);
    expect(service.spec.ports[0]).toMatchObject({ port, targetPort: 'http' });
    expect(service.spec.selector).toEqual(deployment.spec.template.metadata.labels);
    expect(allowHost).toContain(service.metadata.name);
    const user = instruction(await read('Dockerfile'), 'USER').split(':')[0];
    expect(String(spec.securityContext.runAsUser)).toBe(user);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(container[probe].httpGet.path).toMatch(/^\/health\/(live|ready)$/);
    }
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  it('has an example for Kubernetes with workers that agrees with that of the server', async () => {
    const [, one, oneService] = await documents('kubernetes.yaml');
    const all = await documents('kubernetes.workers.yaml');
    const find = (kind: string, name: string) =>
      all.find((entry) => entry.kind === kind && entry.metadata.name === name);
    const server = find('StatefulSet', 'bigrid').spec.template.spec;
    const worker = find('Deployment', 'bigrid-worker').spec.template.spec;
    const redis = find('StatefulSet', 'bigrid-redis').spec.template.spec;
    const [inServer, inWorker, inRedis] = [server, worker, redis].map((pod) => pod.containers[0]);

    expect(find('Service', 'bigrid')).toEqual(oneService);
    const alone = one.spec.template.spec;
    const { queue, ...options } = optionsOf(inServer.args);
    expect(options).toEqual(optionsOf(alone.containers[0].args));
    expect({ ...server, containers: [] }).toEqual({ ...alone, containers: [] });
    const { args: _, env, resources: __, ...same } = inServer;
    expect(alone.containers[0]).toMatchObject(same);

    expect(workerOptionsOf(inWorker.args)).toMatchObject({ queue, data: options.data });
    expect(inWorker.env).toEqual(env);
    for (const part of ['image', 'securityContext', 'volumeMounts']) {
      expect(inWorker[part], part).toEqual(inServer[part]);
    }
    expect(worker.volumes).toEqual(server.volumes);
    expect(worker.securityContext).toEqual(server.securityContext);
    expect(find('PersistentVolumeClaim', 'bigrid').spec.accessModes).toEqual(['ReadWriteMany']);

    const { hostname, port, password } = new URL(queue as string);
    expect(find('Service', hostname).spec.ports[0]).toMatchObject({ port: Number(port) });
    expect(password).toBe(`$(${env[0].name})`);
    expect(env[0].valueFrom).toEqual(inRedis.env[0].valueFrom);
    expect(inRedis.args).toContain(`$(${inRedis.env[0].name})`);
    const policy = find('NetworkPolicy', 'bigrid-redis').spec;
    const allowed = policy.ingress[0].from[0].podSelector.matchLabels;
    for (const entry of [find('StatefulSet', 'bigrid'), find('Deployment', 'bigrid-worker')]) {
      expect(entry.spec.template.metadata.labels).toMatchObject(allowed);
    }
    for (const { kind, spec } of all.filter((entry) => entry.kind === 'Service')) {
      const pods = all.map((entry) => entry.spec.template?.metadata.labels.app);
      expect(pods, kind).toContain(spec.selector.app);
    }
  });

  const python = process.env.BIGRID_CLIENTS;
  it.skipIf(!python)(
    'has examples that Kubernetes takes, by its schemas (needs BIGRID_CLIENTS)',
    async () => {
      const paths = ['kubernetes.yaml', 'kubernetes.workers.yaml'].map(
        (name) => new URL(`../../../deploy/${name}`, import.meta.url).pathname,
      );
      const args = ['-m', 'kubernetes_validate', '--strict', ...paths];
      const { stdout, stderr } = await promisify(execFile)(python as string, args);
      expect(`${stdout}${stderr}`).toContain('passed for resource networkpolicy/bigrid-redis');
    },
  );

  it('has a service for systemd with options that exist', async () => {
    const text = await read('bigrid.service');
    const command = /^ExecStart=\/usr\/bin\/env bigrid (.+)$/m.exec(text)?.[1] ?? '';
    const { data } = optionsOf(command.split(' '));
    const folder = /^StateDirectory=(.+)$/m.exec(text)?.[1];
    expect(data).toBe(`/var/lib/${folder}`);
  });

  it('has a service for systemd that runs a worker', async () => {
    const text = await read('bigrid-worker.service');
    const command = /^ExecStart=\/usr\/bin\/env bigrid (.+)$/m.exec(text)?.[1] ?? '';
    const { data } = workerOptionsOf(command.split(' '));
    for (const name of ['RequiresMountsFor', 'ReadWritePaths']) {
      expect(new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1], name).toBe(data);
    }
  });
});
