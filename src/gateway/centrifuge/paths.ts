/** Paths whose clients prove themselves in their own way, after the request was let in. */
export const CENTRIFUGE_PATHS: readonly string[] = [
  '/connection/websocket',
  '/connection/sse',
  '/connection/http_stream',
  '/connection/uni_sse',
  '/connection/uni_websocket',
  '/emulation',
];
