/** Outlines of 24 × 24, drawn with a stroke of the colour of the text. */
const shapes = {
  images: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9a1 1 0 1 0 0-.01',
  train: 'M4 19V5M4 19h16M7 15c3 0 3-8 6-8s3 5 7 5',
  threshold: 'M4 18h16M7 18v-5M11 18V8M15 18v-3M18 4v14',
  inspect: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4 4',
  versions: 'M6 4v16M6 8h7a4 4 0 0 1 4 4v3M17 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4',
  watch: 'M3 12h4l3-7 4 14 3-7h4',
  export: 'M12 4v11M8 11l4 4 4-4M5 20h14',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  whole: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  check: 'M5 12l5 5 9-10',
  remove: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  undo: 'M8 6L4 10l4 4M4 10h9a6 6 0 0 1 0 12h-2',
  edit: 'M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5',
  redo: 'M16 6l4 4-4 4M20 10h-9a6 6 0 0 0 0 12h2',
  camera: 'M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7',
  upload: 'M12 19V6M8 10l4-4 4 4M5 21h14',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  flag: 'M6 21V4h11l-2.5 4L17 12H6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  folder: 'M4 19V6h6l2 2h8v11z',
  help: 'M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.5v.01',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
} as const;

export type IconName = keyof typeof shapes;

/** A symbol next to a text, or in a button that has a label. Screen readers skip it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
