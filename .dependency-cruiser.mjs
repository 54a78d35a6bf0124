// Who may import whom: docs/explanation/architecture.md draws the layers. Tests may import anything.

/** Each package may import its own files and the index of the packages in its list, and nothing else of ours. */
const layers = {
  errors: [],
  graph: ['errors'],
  method: ['errors', 'graph'],
  inspect: ['errors', 'graph', 'method'],
  node: ['errors', 'graph', 'method', 'inspect'],
  report: ['errors', 'inspect'],
  studio: ['inspect', 'server'],
  server: ['errors', 'node', 'report', 'studio'],
  cli: ['errors', 'node', 'report', 'server'],
};

/** Files of a package that others may import, where that is not the index alone. */
const entries = { node: '(index|internal)' };

/** The pages of the studio, which know nothing of each other. */
const studioPages = [
  'start',
  'images',
  'train',
  'threshold',
  'inspect',
  'versions',
  'watch',
  'export',
];

/** Folders inside a package, floor by floor, the top first: each may import only from the floors below its own. */
const rooms = {
  graph: [['gradients'], ['operators']],
  inspect: [['training'], ['calibration'], ['detection'], ['bundle'], ['metrics']],
  node: [
    ['doctor'],
    ['training'],
    ['datasets', 'watching', 'synthetic'],
    ['images'],
    ['engine'],
    ['files'],
  ],
  studio: [
    studioPages.map((page) => `page/${page}`),
    ['page/ui'],
    ['page/state'],
    ['page/texts'],
    ['page/api'],
  ],
  server: [
    ['routes'],
    ['plugins', 'open-inference'],
    ['services', 'redis'],
    ['repositories', 'workers'],
    ['database'],
  ],
  cli: [['commands'], ['demo']],
};

/** Libraries that only the named files may import. */
const confined = [
  { library: 'onnxruntime-', files: '^packages/node/src/engine/onnx-runtime\\.ts$' },
  { library: 'sharp/', files: '^packages/node/src/' },
  { library: '(bullmq|ioredis)/', files: '^packages/server/src/redis/' },
  { library: '@aws-sdk/', files: '^packages/server/src/repositories/s3-bucket\\.ts$' },
  { library: 'echarts/', files: '^packages/report/src/charts\\.ts$' },
];

const tests = '\\.test\\.ts$';

const layerRules = Object.entries(layers).map(([layer, below]) => ({
  name: `layer-${layer}`,
  comment: `${layer} may import its own src and the index of ${below.join(', ') || 'no other package'}.`,
  severity: 'error',
  from: { path: `^packages/${layer}/src/`, pathNot: tests },
  to: {
    path: '^(packages/|@?bigrid)',
    pathNot: [
      `^packages/${layer}/src/`,
      ...below.map((name) => `^packages/${name}/dist/${entries[name] ?? 'index'}\\.`),
    ],
  },
}));

const roomRules = Object.entries(rooms).flatMap(([layer, floors]) =>
  floors.flatMap((floor, at) =>
    floor.flatMap((room) => {
      const others = floors
        .slice(0, at + 1)
        .flat()
        .filter((name) => name !== room);
      if (others.length === 0) return [];
      return {
        name: `room-${layer}-${room}`,
        comment: `${layer}/src/${room} may not import ${others.join(', ')}.`,
        severity: 'error',
        from: { path: `^packages/${layer}/src/${room}/`, pathNot: tests },
        to: { path: `^packages/${layer}/src/(${others.join('|')})/` },
      };
    }),
  ),
);

const confinedRules = confined.map(({ library, files }) => ({
  name: `only-there-${library.replace(/\W$/, '')}`,
  comment: `Only ${files} may import it.`,
  severity: 'error',
  from: { path: '^packages/[^/]+/src/', pathNot: [tests, files] },
  to: { path: `node_modules/${library}` },
}));

export default {
  forbidden: [
    ...layerRules,
    ...roomRules,
    ...confinedRules,
    {
      name: 'pure-core',
      comment:
        'These packages run in browsers as well: only node, report, server and cli may import from Node.js.',
      severity: 'error',
      from: { path: '^packages/(errors|graph|method|inspect)/src/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-circles',
      comment: 'Files may refer to the types of each other: an `import type` loads nothing.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'all-resolve',
      comment:
        'What cannot be found cannot be judged: install and build first (scripts/setup.mjs).',
      severity: 'error',
      from: { path: '^packages/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // Types count: an `import type` ties two packages together as well.
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '/dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
    },
  },
};
