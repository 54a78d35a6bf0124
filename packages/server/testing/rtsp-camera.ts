import { spawn } from 'node:child_process';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Bytes before interleaved data: `$`, channel, length. */
const FRAME_HEAD = 4;
const DOLLAR = 0x24;

interface Request {
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * An RTSP camera that asks for a password: ffmpeg publishes a test video in H.264 to a server, which passes its packets on to
 * whoever plays it. Only over TCP.
 */
export async function startRtspCamera(user: string, password: string): Promise<{ port: number }> {
  const key = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const players = new Set<Socket>();
  const published = Promise.withResolvers<void>();
  let description = '';
  const answer = ({ method, headers, body }: Request, socket: Socket): string => {
    if (headers.get('authorization') !== key) {
      return 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n';
    }
    const ok = 'RTSP/1.0 200 OK\r\nSession: 1\r\n';
    switch (method) {
      case 'OPTIONS':
        return `${ok}Public: DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, TEARDOWN\r\n`;
      case 'ANNOUNCE':
        description = body;
        return ok;
      case 'DESCRIBE':
        return `${ok}Content-Type: application/sdp\r\nContent-Length: ${description.length}\r\n`;
      case 'SETUP':
        return `${ok}Transport: ${headers.get('transport')}\r\n`;
      case 'RECORD':
        published.resolve();
        return ok;
      case 'PLAY':
        players.add(socket);
        return ok;
      default:
        return ok;
    }
  };
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {}).on('close', () => players.delete(socket));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let end = endOfMessage(bytes); end > 0; end = endOfMessage(bytes)) {
        const message = bytes.subarray(0, end);
        bytes = bytes.subarray(end);
        if (message[0] === DOLLAR) {
          for (const player of players) if (player !== socket) player.write(message);
          continue;
        }
        const request = parse(message.toString());
        const head = `${answer(request, socket)}CSeq: ${request.headers.get('cseq')}\r\n\r\n`;
        socket.write(
          request.method === 'DESCRIBE' && head.includes('200') ? head + description : head,
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const video = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=96x64:rate=25'];
  const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '5'];
  const target = ['-f', 'rtsp', '-rtsp_transport', 'tcp'];
  const url = `rtsp://${user}:${password}@127.0.0.1:${port}/live`;
  const publisher = spawn('ffmpeg', ['-loglevel', 'error', ...video, ...encoding, ...target, url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => {
    publisher.kill('SIGKILL');
    server.close();
    for (const player of players) player.destroy();
  });
  await published.promise;
  return { port };
}

/** Bytes of the first message, which is interleaved data or a request; 0 if it is incomplete. */
function endOfMessage(bytes: Buffer): number {
  if (bytes.length < FRAME_HEAD) return 0;
  if (bytes[0] === DOLLAR) {
    const end = FRAME_HEAD + bytes.readUInt16BE(2);
    return end <= bytes.length ? end : 0;
  }
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const [, length = 0] = /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head)) ?? [];
  const end = head + 4 + Number(length);
  return end <= bytes.length ? end : 0;
}

function parse(text: string): Request {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = new Map(
    fields.map((field) => {
      const [name = '', ...value] = field.split(':');
      return [name.toLowerCase(), value.join(':').trim()] as const;
    }),
  );
  return { method: line.split(' ')[0] ?? '', headers, body };
}
