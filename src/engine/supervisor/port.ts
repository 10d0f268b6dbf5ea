/** Ports of this machine. */
import { createServer } from 'node:net';

/** A port of the loopback interface that nobody listens on at the moment; somebody else may be quicker to take it. */
export function findFreePort(): Promise<number> {
  return listenOnce('127.0.0.1', 0);
}

/**
 * True where another process listens there. A server that answers on our engine's port would pass for it, until the
 * engine itself ends because it cannot listen.
 */
export async function isPortTaken(host: string, port: number): Promise<boolean> {
  try {
    await listenOnce(host, port);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}
