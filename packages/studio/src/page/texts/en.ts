/** A count with its noun. */
const counted = (n: number, one: string, many = `${one}s`) =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export const en = {
  app: {
    name: 'Bigrid',
    skip: 'Skip to content',
    allProjects: 'All projects',
    settings: 'Settings',
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    language: 'Language',
    signOut: 'Sign out',
    dismiss: 'Dismiss',
    cancel: 'Cancel',
    lost: 'No connection to the server. Trying again…',
    notFound: 'There is no project of this name.',
    loading: 'Loading…',
    left: (time: string) => `${time} left`,
  },
  pages: {
    images: 'Images',
    train: 'Train',
    threshold: 'Threshold',
    inspect: 'Inspect',
    versions: 'Versions',
    watch: 'Monitor',
    export: 'Export',
  },
  errors: {
    unreachable: {
      text: 'The server cannot be reached.',
      remedy: 'Check that it runs; the page goes on by itself once it does.',
    },
  },
  jobs: {
    states: {
      queued: 'Waiting for another job to finish',
      running: 'Starting',
      done: 'Done',
      failed: 'Failed',
      cancelled: 'Cancelled',
    },
    phases: {
      reading: 'Reading images',
      'cross-fitting': 'Cross-fitting',
      'abnormal grid': 'Learning what defects look like',
      'normal grid': 'Learning what good looks like',
      remembering: 'Remembering good parts',
      measuring: 'Measuring the usual error',
      calibrating: 'Calibrating the threshold',
      keeping: 'Keeping images for updates',
      inspecting: 'Inspecting images',
      evaluating: 'Evaluating',
    },
  },
  zoom: {
    label: 'Zoom',
    in: 'Zoom in',
    out: 'Zoom out',
    whole: 'Whole image',
  },
  signIn: {
    title: 'Sign in',
    lead: 'This server asks for a key. Whoever runs it has one for you.',
    key: 'Key',
    submit: 'Sign in',
  },
  start: {
    title: 'Projects',
    lead: 'Collect images of good parts, and Bigrid learns what good looks like.',
    name: 'Name of the product',
    nameHint: 'Letters, digits, dots, hyphens and underscores',
    create: 'Create project',
    sample: 'Try it with the sample line',
    sampleHint: 'A project with generated images of a part, good and defective',
    training: (n: number) => `${counted(n, 'good image')} to learn from`,
    testing: (normal: number, defects: number) =>
      `${counted(normal, 'good image')} and ${counted(defects, 'defect')} to test with`,
    unlabelled: (n: number) => counted(n, 'image without a label', 'images without a label'),
    rename: 'Rename',
    remove: 'Delete',
    confirmRemove: (name: string) => `Delete ${name} with all of its images?`,
  },
};

/** What every language has to say. */
export type Texts = typeof en;
