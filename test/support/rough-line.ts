/** A bad network between a client and a server on loopback: it cuts connections, holds them up, and splits what it carries. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { atEnd } from './ending.js';

export class RoughLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL;
  /** Bytes from the server that are passed on in one piece. */
  pieceBytes = Number.POSITIVE_INFINITY;
  /** Connections that were made so far. */
  connections = 0;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((client) => this.#carry(client));
  }

  static async to(target: string): Promise<RoughLine> {
    const line = new RoughLine(target);
    await new Promise<void>((resolve) => line.#server.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      line.cut();
      line.#server.close();
    });
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** From now on, new connections go there. */
  redirect(target: string): void {
    this.#target = new URL(target);
  }

  /** Breaks every connection that there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #carry(client: Socket): void {
    this.connections += 1;
    const server = connect(Number(this.#target.port), this.#target.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (bytes) => void this.#pass(bytes, server, client));
    server.on('end', () => client.end());
  }

  async #pass(bytes: Buffer, from: Socket, to: Socket): Promise<void> {
    if (bytes.length <= this.pieceBytes) {
      to.write(bytes);
      return;
    }
    from.pause();
    for (let at = 0; at < bytes.length && !to.destroyed; at += this.pieceBytes) {
      to.write(bytes.subarray(at, at + this.pieceBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    from.resume();
  }
}
