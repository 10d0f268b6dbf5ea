/** nginx with one worker, connections to the engine kept, answers not buffered. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../src/base/errors.js';
import type { Gateway } from './gateway.js';

/** The gateway, or why there is none. */
export async function findNginx(): Promise<{ gateway: Gateway } | { missing: string }> {
  try {
    await promisify(execFile)('nginx', ['-v'], { timeout: 5_000 });
    return { gateway: nginx };
  } catch (thrown) {
    const absent = (thrown as { code?: unknown }).code === 'ENOENT';
    return { missing: absent ? 'it is not installed (apt install nginx-light)' : messageOf(thrown) };
  }
}

const nginx: Gateway = {
  name: 'nginx',
  headers: () => [],
  async prepare(folder, { port, upstreamPort }) {
    const config = join(folder, 'nginx.conf');
    await writeFile(config, configuration(folder, port, upstreamPort));
    return { command: 'nginx', args: ['-p', folder, '-e', join(folder, 'nginx.err'), '-c', config] };
  },
};

function configuration(folder: string, port: number, upstreamPort: number): string {
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  tcp_nodelay on;
  upstream engine {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 3600s;
    }
  }
}
`;
}
