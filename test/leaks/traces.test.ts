import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { ask } from '../support/by-hand.ts';
import type { TalkativeWorld } from './scenario.ts';
import { logIn, talkativeWorld, visitBoth } from './scenario.ts';

/*
 * Traces leave for a system of the operator's choice, often somebody else's. A span may say which
 * endpoint was asked and how that ended, and nothing of who asked for whom.
 */
describe('what an operator’s own SDK is given of logins, refreshes and failures', () => {
  const exporter = new InMemorySpanExporter();
  let talkative: TalkativeWorld;
  let tokens: readonly Tokens[];
  let spans: readonly ReadableSpan[];
  const named = (name: string) => spans.filter((span) => span.name === name);

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    talkative = await talkativeWorld();
    tokens = [...(await visitBoth(talkative)).tokens.values()].flat();
    const { idToken = '', accessToken = '' } = tokens[0] ?? {};
    const { issuer } = talkative.world.proxy;
    await ask(`${issuer}/oidc/logout?id_token_hint=${idToken}`);
    await ask(`${issuer}/oidc/alice?login_hint=alice`);
    const authorization = `Bearer ${accessToken}x`;
    await ask(`${issuer}/oidc/userinfo`, { headers: { authorization } });
    talkative.world.upstream.faults.arm('token', (response) => void response.destroy(), 1);
    await logIn(talkative.world, 'acme', new Browser()).catch(() => undefined);
    spans = exporter.getFinishedSpans();
  });
  afterAll(async () => {
    trace.disable();
    context.disable();
    await talkative.close();
  });

  it('has the request, the call of the provider and the queries in one trace', () => {
    const [request] = named('POST token');
    const { traceId, spanId } = request?.spanContext() ?? {};
    const within = spans.filter((span) => span.spanContext().traceId === traceId);
    const names = new Set(within.map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining(['upstream token', 'database insert', 'database select']),
    );
    const call = within.find(({ name }) => name === 'upstream token');
    expect(call?.parentSpanContext?.spanId).toBe(spanId);
    expect(request?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'pairwise.endpoint': 'token',
      'pairwise.outcome': 'ok',
      'pairwise.client': 'acme-web',
    });
  });

  it('continues at the provider', () => {
    const [call] = named('upstream token');
    const { traceId, spanId } = call?.spanContext() ?? {};
    const parents = talkative.world.upstream.requests.map(({ headers }) => headers['traceparent']);
    expect(parents).toContain(`00-${traceId}-${spanId}-01`);
  });

  it('says which call failed and why, by a word of ours', () => {
    const failed = named('upstream token').filter(
      ({ status }) => status.code === SpanStatusCode.ERROR,
    );
    expect(failed.map(({ attributes }) => attributes['error.type'])).toEqual([
      'upstream_unavailable',
    ]);
  });

  it('says nothing but what the allow-list names', () => {
    const told = new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...told].toSorted()).toEqual([
      ...['db.operation.name', 'db.system.name', 'error.type'],
      ...['http.request.method', 'http.response.status_code', 'pairwise.client'],
      ...['pairwise.endpoint', 'pairwise.outcome', 'pairwise.request_id', 'pairwise.upstream_call'],
    ]);
    expect(spans.flatMap(({ events }) => events)).toEqual([]);
  });

  it('names neither a user nor a pseudonym, and holds no piece of a token', () => {
    const text = JSON.stringify(
      spans.map(({ name, attributes, status, events, links, resource }) => [
        ...[name, attributes, status, events, links],
        resource.attributes,
      ]),
    );
    const pseudonyms = tokens.map(({ claims }) => String(claims['sub']));
    const pieces = tokens
      .flatMap((each) => [each.idToken, each.accessToken, each.refreshToken])
      .flatMap((token) => token?.split('.') ?? [])
      .filter((piece) => piece.length > 12);
    expect(pieces.length).toBeGreaterThan(10);
    const never = [...talkative.secrets, ...pseudonyms, ...pieces];
    expect(never.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
