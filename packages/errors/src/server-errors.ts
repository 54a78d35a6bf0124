import { type ErrorDefinition, missing, usage } from './definition.ts';

/** Errors of the server, which clients receive as responses. */
export const serverErrors = {
  REQUEST_INVALID: {
    when: 'An HTTP request is malformed: its path, query, headers, or body.',
    remedy: 'Send what the message expects; /openapi.json describes every route.',
    ...usage,
  },
  KEY_INVALID: {
    when: 'A request to the server has no valid key.',
    remedy: 'Send the header `Authorization: Bearer KEY` with a key that the server issued.',
    exitCode: 77,
    httpStatus: 401,
  },
  ACCESS_DENIED: {
    when: 'A request is not allowed: the role of its key does not suffice, or its Host or Origin is not one of the server.',
    remedy:
      'Use a key with the role that the message names, or the address that the server prints.',
    exitCode: 77,
    httpStatus: 403,
  },
  NOT_FOUND: {
    when: 'A request names a route, model, version, image or job that does not exist.',
    remedy: 'Check the name; /openapi.json lists the routes, /v1/models the models.',
    ...missing,
  },
  STATE_CONFLICT: {
    when: 'A request contradicts the state of what it names: a version that is active is to be deleted, say.',
    remedy: 'Change that state first, as the message says.',
    exitCode: 75,
    httpStatus: 409,
  },
  REQUEST_TOO_LARGE: {
    when: 'The body of a request, or a file in it, is larger than the server accepts.',
    remedy: 'Send less at once, or raise the limit with `--body-limit`.',
    exitCode: 65,
    httpStatus: 413,
  },
  MEDIA_UNSUPPORTED: {
    when: 'The body of a request is of a type that the route does not take.',
    remedy: 'Send the Content-Type that the message names.',
    exitCode: 65,
    httpStatus: 415,
  },
  TOO_MANY_REQUESTS: {
    when: 'A client sends more requests than it may.',
    remedy: 'Wait for the seconds in the header Retry-After.',
    exitCode: 75,
    httpStatus: 429,
  },
  SERVER_BUSY: {
    when: 'The server has as many inspections waiting as it accepts, or is about to stop.',
    remedy: 'Send it again after the seconds in the header Retry-After.',
    exitCode: 75,
    httpStatus: 503,
  },
  WORKER_LOST: {
    when: 'A process of the server ended before it had finished its work, more than once.',
    remedy: 'Look at the log of the server: the system may have run out of memory.',
    exitCode: 70,
    httpStatus: 503,
  },
  TIMED_OUT: {
    when: 'An inspection takes longer than the server allows.',
    remedy: 'Send a smaller image, or raise the limit with `--timeout`.',
    exitCode: 75,
    httpStatus: 503,
  },
  STORE_BUSY: {
    when: 'Another process has held the database of the data folder for more than five seconds.',
    remedy: 'Try again; if it stays so, end the other program that has the file open.',
    exitCode: 75,
    httpStatus: 503,
  },
  QUEUE_UNAVAILABLE: {
    when: 'Redis, through which the server and its workers exchange their work, cannot be reached.',
    remedy:
      'Check its address, its password and the network; work goes on by itself once it is back.',
    exitCode: 69,
    httpStatus: 503,
  },
  S3_MISSING: {
    when: 'Files are to be shared through S3, but the packages for that, which are optional, are not installed.',
    remedy: 'Install them next to Bigrid: `npm install @aws-sdk/client-s3 @aws-sdk/lib-storage`.',
    exitCode: 69,
    httpStatus: 501,
  },
  S3_UNAVAILABLE: {
    when: 'The bucket through which the server and its workers share files cannot be reached, or refuses access.',
    remedy:
      'Check its address, the network, and what `AWS_REGION`, `AWS_ENDPOINT_URL` and the credentials in the environment say; work goes on by itself once it is back.',
    exitCode: 69,
    httpStatus: 503,
  },
  S3_DAMAGED: {
    when: 'An object of the server is missing from its bucket, or is not what was stored.',
    remedy:
      'Let nothing else change or expire the objects below the prefix of the server, then queue the job again.',
    exitCode: 65,
    httpStatus: 500,
  },
  DATA_TOO_NEW: {
    when: 'A data folder was used by a newer version of Bigrid, whose format this one cannot read.',
    remedy: 'Update Bigrid, or restore the data folder from before that.',
    exitCode: 65,
    httpStatus: 500,
  },
  DATA_DAMAGED: {
    when: 'The database of a data folder is damaged, or another kind of file.',
    remedy: 'Restore the data folder from a backup.',
    exitCode: 65,
    httpStatus: 500,
  },
  ADDRESS_UNAVAILABLE: {
    when: 'The server cannot listen on its host and port: another program does, or the address is not of this machine.',
    remedy: 'Choose another port, or stop the other program.',
    exitCode: 69,
    httpStatus: 500,
  },
  PATH_FORBIDDEN: {
    when: 'A client names a folder or a video file outside the folders that the server may read.',
    remedy: 'Name a path inside one of them, or start the server with `--watch DIR` for it.',
    exitCode: 77,
    httpStatus: 403,
  },
  FFMPEG_MISSING: {
    when: 'A stream reads a camera or a video, but ffmpeg, which decodes them, is not installed.',
    remedy: 'Install ffmpeg 5.1 or newer so that the command `ffmpeg` is found.',
    exitCode: 69,
    httpStatus: 501,
  },
  OPCUA_MISSING: {
    when: 'A stream writes to an OPC UA server, but the packages for that, which are optional, are not installed.',
    remedy:
      'Install them next to Bigrid: `npm install node-opcua-client node-opcua-certificate-manager`.',
    exitCode: 69,
    httpStatus: 501,
  },
  OPCUA_UNUSABLE: {
    when: 'An OPC UA server cannot be reached, refuses the connection, or lacks a variable that a stream writes.',
    remedy:
      'Check the address, the user and the node ids, and which certificates both sides trust; it is tried again by itself.',
    exitCode: 69,
    httpStatus: 503,
  },
  RECEIVER_UNAVAILABLE: {
    when: 'A webhook or an MQTT broker cannot be reached, or refuses a test message.',
    remedy: 'Check its address, its user and password, and whether it runs.',
    exitCode: 69,
    httpStatus: 502,
  },
  SOURCE_UNAVAILABLE: {
    when: 'A camera or a video of a stream cannot be read.',
    remedy: 'Check its address, its password and the network; a camera is tried again by itself.',
    exitCode: 69,
    httpStatus: 503,
  },
} as const satisfies Record<string, ErrorDefinition>;
