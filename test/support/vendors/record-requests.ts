import type { IncomingMessage, RequestListener } from 'node:http';

import type { VendorRecord } from '../recorder.ts';

/** Notes every request that reaches a vendor's server: address, headers and body. */
export function recordingRequests(record: VendorRecord, handler: RequestListener): RequestListener {
  return (request, response) => {
    const where = `request ${request.method} ${pathOf(request)}`;
    record.add(`${where}: address`, request.url ?? '');
    for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
      record.add(`${where}: header ${request.rawHeaders[i]}`, request.rawHeaders[i + 1] ?? '');
    }
    const push = request.push.bind(request);
    const chunks: Buffer[] = [];
    request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk !== null) chunks.push(Buffer.from(chunk));
      else if (chunks.length > 0) record.add(`${where}: body`, Buffer.concat(chunks).toString());
      return push(chunk, encoding);
    };
    handler(request, response);
  };
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://vendor.invalid').pathname;
}
