export type { LabelledEntry, Mask, Picture, PictureEntry, Scratch } from './ports.ts';
