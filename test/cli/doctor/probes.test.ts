import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { askUpstream } from '../../../src/cli/doctor/probes.js';
import { atEnd, endAll } from '../../support/ending.js';

afterEach(endAll);

async function urlOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/models`;
}

const asked = (url: string) => askUpstream({ url, apiKey: undefined }, systemClock);

describe('a server elsewhere', () => {
  test.each<[string, RequestListener, object]>([
    ['tells how many models it has', (_, response) => response.end('{"data":[1,2]}'), { status: 200, models: 2 }],
    ['answers without a list', (_, response) => response.end('<html>'), { status: 200, models: undefined }],
    [
      'is listened to no longer than a list would take',
      (_, response) => {
        const block = Buffer.alloc(1024 * 1024, ' ');
        const more = () => response.write(block, (error) => void (error ?? more()));
        more();
      },
      { status: 200, models: undefined },
    ],
  ])('%s', async (_what, answer, found) => {
    expect(await asked(await urlOf(answer))).toEqual(found);
  });

  test('that is not there is told with the reason', async () => {
    const url = await urlOf((request) => request.socket.destroy());
    expect(await asked(url)).toEqual({ problem: expect.stringMatching(/\S/) });
  });
});
