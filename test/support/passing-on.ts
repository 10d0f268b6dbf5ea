import { type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';

/** Hands a request on to the server at `url`, and its answer back: bytes, resets and leaving as they come. */
export function passOn(url: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request;
  const sent = requestHttp(`${url}${request.url}`, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  sent.on('error', () => response.destroy());
  response.on('close', () => sent.destroy());
  request.pipe(sent);
}
