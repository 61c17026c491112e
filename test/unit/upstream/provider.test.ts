import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { UpstreamProvider } from '../../../src/upstream/provider.ts';
import type { ProviderIntervals } from '../../../src/upstream/provider.ts';
import { redirect, status, withMembers } from '../../support/upstream/faults.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { poolForTest, serveHttp } from './servers.ts';

const DISCOVERY = '/.well-known/openid-configuration';
const PATIENT = { timeout: 30_000, interval: 10 };
const QUICK: Partial<ProviderIntervals> = { refresh: 10, retry: 5, longestRetry: 20 };
const SLOW: Partial<ProviderIntervals> = { refresh: 3_600_000, retry: 3_600_000 };

async function legacyUpstream(): Promise<Upstream> {
  const upstream = await startUpstream({ clients: [] });
  onTestFinished(() => upstream.close());
  return upstream;
}

/** A provider on a clock that the test moves, with the lines it logged. */
function providerOf(
  address: { readonly issuer: string; readonly url: string },
  intervals: Partial<ProviderIntervals>,
) {
  const clock = { now: 1_700_000_000_000 };
  const lines: unknown[][] = [];
  const provider = new UpstreamProvider({
    issuer: address.issuer,
    url: address.url,
    exchange: poolForTest().exchange,
    clock: () => new Date(clock.now),
    log: {
      info: (...line: unknown[]) => void lines.push(line),
      warn: (...line: unknown[]) => void lines.push(line),
    },
    intervals,
  });
  onTestFinished(() => provider.close());
  return { provider, clock, lines };
}

function asked(upstream: Upstream, path: string): number {
  return upstream.requests.filter(({ url }) => url.pathname === path).length;
}

describe('a provider', () => {
  test('reads document and keys of a real upstream, reached away from its issuer', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, SLOW);
    expect(provider.ready).toBe(false);
    await provider.recheck();
    const metadata = provider.metadata();
    expect(metadata.issuer).toBe(upstream.issuer);
    expect(metadata.advertised.token_endpoint).toBe(`${upstream.issuer}/token`);
    expect(metadata.reached.token_endpoint.href).toBe(`${upstream.url}/token`);
    expect(provider.keys()).toMatchObject([{ kid: upstream.signingKey().kid, kty: 'RSA' }]);
    expect(provider.keys()[0]).not.toHaveProperty('d');
    expect(provider.ready).toBe(true);
  });

  test('starts while the upstream is down, says so, and recovers by itself', async () => {
    const upstream = await legacyUpstream();
    await upstream.stop();
    const { provider, lines } = providerOf(upstream, QUICK);
    provider.start();
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(2), PATIENT);
    expect(provider.ready).toBe(false);
    for (const read of [() => provider.metadata(), () => provider.keys()]) {
      expect(read).toThrow(expect.objectContaining({ reason: 'upstream_unavailable' }));
    }
    expect(await provider.refetchKeys()).toBe(false);
    await upstream.restart();
    await vi.waitFor(() => expect(provider.ready).toBe(true), PATIENT);
    expect(provider.metadata().issuer).toBe(upstream.issuer);
  });

  test('serves the last good document and keys while the upstream is away', async () => {
    const upstream = await legacyUpstream();
    const { provider, clock } = providerOf(upstream, { ...SLOW, grace: 15_000 });
    await provider.recheck();
    const before = [provider.metadata(), provider.keys()];
    await upstream.stop();
    await provider.recheck();
    expect(provider.ready).toBe(true);
    clock.now += 14_999;
    await provider.recheck();
    expect(provider.ready).toBe(true);
    clock.now += 1;
    expect(provider.ready).toBe(false);
    expect([provider.metadata(), provider.keys()]).toEqual(before);
    await upstream.restart();
    await provider.recheck();
    expect(provider.ready).toBe(true);
  });

  test('sees rotated keys and changed documents in the background', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, QUICK);
    provider.start();
    await vi.waitFor(() => expect(provider.ready).toBe(true), PATIENT);
    await upstream.rotateKeys({ keepOld: false });
    const { kid } = upstream.signingKey();
    await vi.waitFor(() => expect(provider.keys()).toMatchObject([{ kid }]), PATIENT);
    upstream.faults.arm('discovery', withMembers({ scopes_supported: ['openid', 'new'] }));
    await vi.waitFor(
      () => expect(provider.metadata().scopes_supported).toEqual(['openid', 'new']),
      PATIENT,
    );
  });

  test.each([
    ['another issuer', withMembers({ issuer: 'https://evil.example' })],
    ['no token endpoint', withMembers({ token_endpoint: undefined })],
    ['a failure', status(500)],
    ['a redirect to another origin', redirect('http://localhost:1/')],
  ])('does not take a document with %s in place of a good one', async (_what, fault) => {
    const upstream = await legacyUpstream();
    const { provider, lines } = providerOf(upstream, SLOW);
    await provider.recheck();
    const before = provider.metadata();
    upstream.faults.arm('discovery', fault);
    await provider.recheck();
    expect(provider.metadata()).toBe(before);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toMatch(/alice|evil/);
  });

  test('does not take an empty key set in place of a good one', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, SLOW);
    await provider.recheck();
    const before = provider.keys();
    upstream.faults.arm('jwks', withMembers({ keys: [] }));
    await provider.recheck();
    expect(await provider.refetchKeys()).toBe(false);
    expect(provider.keys()).toBe(before);
  });

  test('never takes the document of another issuer, and names the reason', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf({ issuer: `${upstream.issuer}/`, url: upstream.url }, SLOW);
    await provider.recheck();
    expect(() => provider.metadata()).toThrow(
      expect.objectContaining({
        reason: 'upstream_unavailable',
        detail: expect.stringContaining('upstream_metadata'),
      }),
    );
  });

  test('follows a redirected document within the origin', async () => {
    const upstream = await legacyUpstream();
    upstream.faults.arm('discovery', redirect(`${DISCOVERY}?version=2`), 1);
    const { provider } = providerOf(upstream, SLOW);
    await provider.recheck();
    expect(provider.ready).toBe(true);
  });

  test('says once that the upstream is back', async () => {
    const upstream = await legacyUpstream();
    await upstream.stop();
    const { provider, lines } = providerOf(upstream, SLOW);
    await provider.recheck();
    await upstream.restart();
    await provider.recheck();
    await provider.recheck();
    expect(lines.map((line) => line.at(-1))).toEqual([
      'upstream metadata could not be read',
      'upstream reached again',
    ]);
  });
});

describe('refetching keys', () => {
  test('finds a rotated key at once', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, SLOW);
    await provider.recheck();
    await upstream.rotateKeys();
    const { kid } = upstream.signingKey();
    expect(provider.keys().map((key) => key.kid)).not.toContain(kid);
    expect(await provider.refetchKeys()).toBe(true);
    expect(provider.keys().map((key) => key.kid)).toContain(kid);
  });

  /**
   * Key ids are text that anybody can write: were each unknown one worth a
   * request, whoever presents invented tokens would direct a flood at the upstream.
   */
  test('a storm of unknown key ids causes one request in ten seconds', async () => {
    const upstream = await legacyUpstream();
    const { provider, clock } = providerOf(upstream, SLOW);
    await provider.recheck();
    const before = asked(upstream, '/jwks');
    const storm = () => Promise.all(Array.from({ length: 200 }, () => provider.refetchKeys()));
    expect(new Set(await storm())).toEqual(new Set([true]));
    clock.now += 9_999;
    await storm();
    expect(asked(upstream, '/jwks') - before).toBe(1);
    clock.now += 1;
    await storm();
    expect(asked(upstream, '/jwks') - before).toBe(2);
  });

  test('is limited as well while the upstream fails, and then says that nothing is new', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, SLOW);
    await provider.recheck();
    upstream.faults.arm('jwks', status(500));
    const before = asked(upstream, '/jwks');
    expect(await provider.refetchKeys()).toBe(false);
    expect(await provider.refetchKeys()).toBe(false);
    expect(asked(upstream, '/jwks') - before).toBe(1);
  });

  test('goes on after the clock was set back', async () => {
    const upstream = await legacyUpstream();
    const { provider, clock } = providerOf(upstream, SLOW);
    await provider.recheck();
    await provider.refetchKeys();
    clock.now -= 86_400_000;
    const before = asked(upstream, '/jwks');
    await provider.refetchKeys();
    expect(asked(upstream, '/jwks') - before).toBe(1);
  });
});

describe('contact', () => {
  test('is shared by all who ask for it at once', async () => {
    const upstream = await legacyUpstream();
    const { provider } = providerOf(upstream, SLOW);
    await Promise.all(Array.from({ length: 50 }, () => provider.recheck()));
    expect(asked(upstream, DISCOVERY)).toBe(1);
  });

  test('ends with close, also while an answer is awaited', async () => {
    let requests = 0;
    const origin = await serveHttp(() => (requests += 1));
    const { provider, lines } = providerOf({ issuer: origin, url: origin }, QUICK);
    provider.start();
    await vi.waitFor(() => expect(requests).toBe(1), PATIENT);
    await provider.close();
    provider.start();
    await provider.recheck();
    expect(requests).toBe(1);
    expect(lines).toEqual([]);
  });

  test('does not keep a process alive', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const source = new URL('../../../src/upstream/', import.meta.url).href;
    const program = `
      const { createExchange } = await import('${source}exchange.ts');
      const { UpstreamProvider } = await import('${source}provider.ts');
      const issuer = 'http://127.0.0.1:${port}';
      const log = { info() {}, warn() {} };
      const clock = () => new Date();
      const provider = new UpstreamProvider({ issuer, url: issuer, ...createExchange(), clock, log });
      provider.start();
      await provider.recheck();
      console.log('ended', provider.ready);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { timeout: 50_000 },
    );
    expect(stdout).toBe('ended false\n');
  });
});
