import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram } from '../../support/programs.ts';
import type { ServerProcess } from './server-process.ts';
import { startServer } from './server-process.ts';

/** nginx as a plain pass-through of one worker; undefined where it is not installed. */
export async function startNginx(
  parent: string,
  port: number,
  upstreamPort: number,
): Promise<ServerProcess | undefined> {
  const program = await findProgram('nginx');
  if (program === undefined) return undefined;
  const folder = join(parent, 'nginx');
  await mkdir(folder);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration(folder, port, upstreamPort));
  return startServer({
    ...{ program, args: ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], port },
    readyUrl: `http://127.0.0.1:${port}/.well-known/openid-configuration`,
  });
}

function configuration(folder: string, port: number, upstreamPort: number): string {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, name)};`,
  );
  return `
daemon off;
worker_processes 1;
pid ${join(folder, 'pid')};
events { worker_connections 1024; }
http {
  access_log off;
${places.join('\n')}
  upstream provider { server 127.0.0.1:${upstreamPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}
