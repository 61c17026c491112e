import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { generate } from 'selfsigned';

import type { Listening } from './listen.ts';

/**
 * Listens with TLS on 127.0.0.1, under a certificate that this process then trusts.
 *
 * @param options another end of the certificate than in a year; `isTrusted: false`: nobody trusts it
 */
export async function listenTls(
  handler: RequestListener,
  { until, isTrusted = true }: { readonly until?: Date; readonly isTrusted?: boolean } = {},
): Promise<Listening> {
  const { key, cert } = await certificate(until);
  const before = getCACertificates('default');
  if (isTrusted) setDefaultCACertificates([...before, cert]);
  const server = createServer({ key, cert }, handler);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      setDefaultCACertificates(before);
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

/** A certificate of its own for localhost and for any name below vendor.test. */
async function certificate(until: Date | undefined): Promise<{ key: string; cert: string }> {
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 2, value: '*.vendor.test' },
    { type: 7, ip: '127.0.0.1' },
  ] as const;
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    ...(until !== undefined && { notAfterDate: until }),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
  });
  return { key: made.private, cert: made.cert };
}
