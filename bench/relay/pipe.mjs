/** The yardstick: the shortest HTTP relay in Node, `node:http` on both sides and `pipe` between them. */
import http from 'node:http';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);
const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 2048 });

function passed(rawHeaders) {
  const headers = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[at].toLowerCase())) headers.push(rawHeaders[at], rawHeaders[at + 1]);
  }
  return headers;
}

const server = http.createServer((request, response) => {
  const { method, url, rawHeaders } = request;
  const headers = ['host', `127.0.0.1:${upstreamPort}`, ...passed(rawHeaders)];
  const onward = http.request(
    { agent, host: '127.0.0.1', port: upstreamPort, method, path: url, headers },
    (answer) => {
      response.writeHead(answer.statusCode, passed(answer.rawHeaders));
      response.flushHeaders();
      answer.pipe(response);
    },
  );
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on('close', () => {
    if (!response.writableFinished) onward.destroy();
  });
  request.pipe(onward);
});
server.keepAliveTimeout = 75_000;
server.requestTimeout = 0;
server.listen(port, '127.0.0.1', 4096);
