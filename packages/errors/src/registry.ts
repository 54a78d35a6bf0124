import {
  badData,
  type ErrorDefinition,
  internal,
  missing,
  unwritable,
  usage,
} from './definition.ts';
import { serverErrors } from './server-errors.ts';

/**
 * Every error that Bigrid raises on purpose, by its stable code. Codes are never reused and never change
 * their meaning; `docs/reference/errors.md` is generated from this table.
 */
export const errorRegistry = {
  GRAPH_SHAPE_MISMATCH: {
    when: 'An operator is given incompatible shapes.',
    remedy: 'Look at the node named in the message: both shapes are given.',
    ...internal,
  },
  GRAPH_TYPE_MISMATCH: {
    when: 'An operator is given an element type that it does not accept.',
    remedy: 'Cast the value to the type named in the message.',
    ...internal,
  },
  GRAPH_NO_GRADIENT: {
    when: 'A gradient is requested through an operator that has none.',
    remedy: 'Stop the gradient before that operator, or write its rule.',
    ...internal,
  },
  GRAPH_NAME_TAKEN: {
    when: 'Two inputs, outputs or initialisers of one graph are given the same name.',
    remedy: 'Give each its own name.',
    ...internal,
  },
  ENGINE_FAILED: {
    when: 'The engine rejects a graph or fails while running it.',
    remedy: 'Report it with the full message: graphs built by Bigrid should never fail.',
    ...internal,
  },
  DEVICE_MISSING: {
    when: 'The requested device does not exist, or the installed engine cannot use it.',
    remedy: 'Use a device from the message, or leave `device` out to compute on the processor.',
    exitCode: 69,
    httpStatus: 501,
  },
  DETECTOR_DISPOSED: {
    when: 'An image is given to a detector that was disposed of.',
    remedy: 'Open the detector again, or dispose of it after its last image.',
    ...internal,
  },
  NODE_TOO_OLD: {
    when: 'The Node.js that runs Bigrid is older than Bigrid needs.',
    remedy: 'Install the Node.js version named in the message, or a newer one.',
    exitCode: 69,
    httpStatus: 501,
  },
  OPTION_INVALID: {
    when: 'An option has a value outside its range, or two options contradict each other.',
    remedy:
      'Give what the message expects; docs/reference/options.md lists the options and their values.',
    ...usage,
  },
  WEIGHTS_INVALID: {
    when: 'A backbone file (safetensors or ONNX) is truncated, malformed, lacks a tensor, or cannot be used.',
    remedy:
      'Download or export the file again; docs/how-to/backbones.md lists the supported backbones.',
    ...badData,
  },
  PATH_MISSING: {
    when: 'A file or folder named by the user does not exist.',
    remedy: 'Check the path for typing errors.',
    ...missing,
  },
  PATH_UNREADABLE: {
    when: 'A file or folder exists but may not be read.',
    remedy: 'Check its permissions.',
    ...missing,
  },
  INPUT_INVALID: {
    when: 'A stream that should contain paths or images contains neither, or something else after an image.',
    remedy: 'Pipe paths, one per line, as `find` and `ls` print them, or the bytes of images.',
    ...badData,
  },
  LOG_INVALID: {
    when: 'A file that should be an inspection log is something else.',
    remedy: 'Name a file that inspections were logged to, or a new one: this one was not changed.',
    ...badData,
  },
  IN_USE: {
    when: 'Another Bigrid process on this machine watches the same folder, or writes the same log or model.',
    remedy: 'Stop the other process first, or name another folder or file.',
    exitCode: 75,
    httpStatus: 409,
  },
  OUTPUT_UNWRITABLE: {
    when: 'A result cannot be written to the requested place.',
    remedy: 'Choose a writable place with enough free space.',
    ...unwritable,
  },
  REPLAY_MISSING: {
    when: 'A model is to be updated, and the folder of good images that its training kept next to it is missing, or has none of those learnt or of those held out.',
    remedy:
      'Put the folder back next to the model file or name it as `replayFrom`; or train again, or continue training from the model on old and new images together.',
    ...missing,
  },
  CHECKPOINT_MISMATCH: {
    when: 'Training is to resume from a checkpoint that belongs to another run: other options, images, version or machine settings.',
    remedy:
      'Give the same options and images as before, or leave `resume` out to start from the beginning, which deletes the checkpoint.',
    exitCode: 65,
    httpStatus: 409,
  },
  CHECKPOINT_INVALID: {
    when: 'Training is to resume from a checkpoint that is damaged or truncated.',
    remedy: 'Leave `resume` out to start from the beginning, which deletes the checkpoint.',
    ...badData,
  },
  DATA_EMPTY: {
    when: 'A folder holds no image.',
    remedy: 'Point to a folder with PNG, JPEG, WebP, TIFF, AVIF, GIF or BMP files.',
    ...badData,
  },
  DATA_NO_GOOD: {
    when: 'A data folder has no good images to train on, or none to calibrate on that training never saw.',
    remedy:
      'Put good images into DIR/good or directly into DIR; DIR/train/good works for training, DIR/test/good for calibration.',
    ...badData,
  },
  DATA_NO_TEST: {
    when: 'A data folder has nothing to evaluate on.',
    remedy:
      'Put good test images into DIR/test/good and defective ones into DIR/test/NAME-OF-DEFECT.',
    ...badData,
  },
  DATASET_INVALID: {
    when: 'A table, manifest or annotation file is malformed, missing, or names an image or mask that does not exist.',
    remedy:
      'Correct the line or item named in the message, or add the file that it names; docs/reference/layouts.md shows every layout.',
    ...badData,
  },
  LAYOUT_AMBIGUOUS: {
    when: 'A folder can be read in two ways: a folder named good, say, as good images or as a product of that name.',
    remedy:
      'Rename or move a folder as the message suggests for the intended reading; docs/reference/layouts.md shows every layout.',
    ...badData,
  },
  DATA_TOO_FEW: {
    when: 'There are too few readable good images to train on and to hold some out for the threshold.',
    remedy: 'Add good images; a few dozen make a first model, a few hundred a stable threshold.',
    ...badData,
  },
  SUSPECT_IMAGES: {
    when: 'Images given as good are suspect: they score far above what good images reach, or are to set a threshold although the model learnt them.',
    remedy:
      'Look at the images named and remove those that are defective or were learnt; if all are right, continue with `allowSuspect`.',
    ...badData,
  },
  THRESHOLD_UNSUPPORTED: {
    when: 'A threshold rule needs more than is available: more good images, or labelled defects.',
    remedy: 'Recalibrate on a folder with what the message asks for, or choose another rule.',
    ...badData,
  },
  DRIFT_UNSUPPORTED: {
    when: 'There are too few inspections to detect drift.',
    remedy: 'Log more inspections with this model.',
    ...badData,
  },
  CHECK_FAILED: {
    when: 'A check of the machine, a model file or a data folder found something that has to be fixed.',
    remedy: 'Each finding says what to do.',
    exitCode: 1,
    httpStatus: 422,
  },
  IMAGE_UNREADABLE: {
    when: 'A file that should be an image cannot be decoded: it is not an image, truncated, damaged, or of an unknown format. Or a frame passed through the API is not 8-bit RGB of the stated size, or its `read` throws.',
    remedy:
      'If it is damaged, copy it again; export it as PNG or JPEG, or remove it from the folder.',
    ...badData,
  },
  IMAGE_TOO_LARGE: {
    when: 'The header of an image states more pixels than are allowed, or a side of more than a million.',
    remedy:
      'Crop the image; or, unless it is one side that is too long, set the environment variable BIGRID_MAX_PIXELS to as many as fit into memory, at 3 bytes each and a few copies.',
    exitCode: 65,
    httpStatus: 413,
  },
  MASK_MISMATCH: {
    when: 'A ground-truth mask does not fit its image.',
    remedy: 'Export the mask at the size of its image, white where the defect is.',
    ...badData,
  },
  BUNDLE_INVALID: {
    when: 'A file is not an ONNX model made by Bigrid: another kind of file, truncated, or damaged.',
    remedy:
      'Name the .onnx file that training wrote; if it is that file, it is damaged: copy it again, or train again.',
    ...badData,
  },
  BUNDLE_TOO_NEW: {
    when: 'A model file was made by a newer version of Bigrid, whose format this one cannot read.',
    remedy: 'Update Bigrid.',
    ...badData,
  },
  ANOMALY_FOUND: {
    when: 'Images are anomalous, and the caller asked for an error in that case.',
    remedy: 'Look at them: the results name each one.',
    exitCode: 2,
    httpStatus: 422,
  },
  DRIFT_FOUND: {
    when: 'Images have drifted since calibration, and the caller asked for an error in that case.',
    remedy: 'The measures that moved show where to look first.',
    exitCode: 3,
    httpStatus: 422,
  },
  SOME_IMAGES_FAILED: {
    when: 'A command went through all images, but some of them could not be read.',
    remedy: 'The list names each image and its own error.',
    exitCode: 1,
    httpStatus: 207,
  },
  ...serverErrors,
  CANCELLED: {
    when: 'The user (Ctrl-C) or the caller (AbortSignal) stopped the work.',
    remedy: 'Start it again: nothing half-written was left behind.',
    exitCode: 130,
    httpStatus: 499,
  },
} as const satisfies Record<string, ErrorDefinition>;
