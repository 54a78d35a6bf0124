import type { Source } from './definitions.ts';

export type CameraSource = Exclude<Source, { type: 'folder' }>;

/** Microseconds without data after which ffmpeg gives up. */
const TIMEOUT = '10000000';
const TIME_BASE = '1/1000';
/** The filter that gives frames rising times: cameras repeat some, which the encoder refuses. */
const NUMBERED = `settb=${TIME_BASE},setpts=N`;
/** Formats that are one file each: playlists, which name further files, are not among them. */
const VIDEO_FORMATS = 'mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mjpeg,m4v,h264,hevc,gif';

/**
 * The arguments with which ffmpeg reads a source and writes JPEG images to its standard output. It may use only the protocols
 * that the source needs, so that no address makes it read local files.
 * @param path real path of a video file
 */
export function cameraArguments(source: CameraSource, path?: string): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...inputArguments(source, path),
    ...['-map', '0:v:0'],
    ...['-vf', [...(source.fps === undefined ? [] : [atMost(source.fps)]), NUMBERED].join()],
    // Each frame once, whatever the times of the source.
    ...['-fps_mode', 'passthrough', '-enc_time_base', TIME_BASE.replace('/', ':')],
    // Almost no loss, and all colours.
    ...['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj444p'],
    // Each image at once, rather than when a buffer is full.
    ...['-flush_packets', '1', '-f', 'image2pipe', 'pipe:1'],
  ];
}

function inputArguments(source: CameraSource, path: string | undefined): string[] {
  switch (source.type) {
    case 'rtsp':
      return [
        ...['-protocol_whitelist', 'tcp,tls,udp,rtp,srtp,crypto'],
        // Over UDP, frames lose parts without notice, which look like defects.
        ...['-rtsp_transport', 'tcp', '-timeout', TIMEOUT],
        ...['-i', source.url],
      ];
    case 'mjpeg':
      return [
        ...['-protocol_whitelist', 'http,https,httpproxy,tcp,tls'],
        ...['-format_whitelist', 'mpjpeg,mjpeg', '-rw_timeout', TIMEOUT],
        // The images have no times of their own, which `atMost` needs.
        ...['-use_wallclock_as_timestamps', '1'],
        ...['-i', source.url],
      ];
    case 'usb':
      return [
        ...['-f', 'v4l2', ...(source.size === undefined ? [] : ['-video_size', source.size])],
        ...['-i', source.device],
      ];
    case 'video':
      return [
        ...['-protocol_whitelist', 'file', '-format_whitelist', VIDEO_FORMATS],
        ...['-i', `file:${path}`],
      ];
  }
}

/** The filter that passes a frame on once enough time has passed since the last one. The tolerance is for rounded times. */
function atMost(fps: number): string {
  return `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${0.99 / fps})'`;
}
