// Inspects images over HTTP: POST the bytes of an image to /inspect.
//
//   node http-server.mjs part.onnx 8080
//   curl --data-binary @part.png http://localhost:8080/inspect
import { createServer } from 'node:http';
import { isBigridError, openDetector } from '@bigrid/node';

const MOST_BYTES = 50_000_000;

const [model, port = '8080'] = process.argv.slice(2);
const detector = await openDetector(model);

async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= MOST_BYTES) chunks.push(chunk);
  }
  return length <= MOST_BYTES ? Buffer.concat(chunks) : undefined;
}

async function answer(request, signal) {
  if (request.method !== 'POST' || request.url !== '/inspect') {
    return [404, { message: 'Expected POST /inspect' }];
  }
  const body = await readBody(request);
  if (!body) return [413, { message: `Expected at most ${MOST_BYTES} bytes` }];
  try {
    const { score, threshold, verdict, regions } = await detector.inspect(body, { signal });
    return [200, { score, threshold, verdict, regions }];
  } catch (error) {
    if (!isBigridError(error)) throw error;
    const { code, message, remedy } = error;
    return [error.httpStatus, { code, message, remedy }];
  }
}

const server = createServer(async (request, response) => {
  // A client that hangs up takes its image out of the queue.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const [status, body] = await answer(request, gone.signal).catch((error) => {
    console.error(error);
    return [500, { message: 'Internal error' }];
  });
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(port), () => console.log(`Listening on port ${server.address().port}`));

process.once('SIGTERM', () => {
  server.close(() => detector.dispose());
});
