import type { ExitName } from '../../src/protocol/exits.ts';

/** One piece of source code changed: `find` must stand in the file exactly once. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const CALLBACK = 'src/protocol/callback.ts';
const EARLY = 'src/protocol/early.ts';
const ISSUE = 'src/protocol/token-issue.ts';
const RESPONSE = 'src/protocol/authorization-response.ts';
const USERINFO = 'src/protocol/userinfo.ts';
const RELEASE = 'src/tokens/release.ts';
const RELAY = 'src/upstream/relay';
const INTROSPECT = 'src/protocol/introspect.ts';
const VIEW = 'src/protocol/introspection-view.ts';
const REVOKE = 'src/protocol/revoke.ts';
const LOGOUT = 'src/protocol/logout.ts';
const NOTICE = 'src/protocol/notice.ts';
const ACCOUNT = 'src/protocol/account.ts';
const ACCOUNT_LOGIN = 'src/protocol/account-login.ts';
const API = 'src/protocol/internal-api.ts';
const API_REQUEST = 'src/upstream/internal-api.ts';
const BACKCHANNEL = 'src/protocol/backchannel-logout.ts';
const BACKCHANNEL_TOKEN = 'src/protocol/logout-delivery.ts';
const SUBJECT_EVENT = 'src/protocol/subject-event.ts';
const TOLD_CHANGES = 'src/database/told-changes.ts';

/** What came in the query, but for the code. */
const PASSED = "...Object.fromEntries([...request.query].filter(([name]) => name !== 'code'))";

/** How each rule of `protocol/exits.ts` is taken out. */
export const TAKE_OUTS: Readonly<Record<ExitName, readonly [Patch, ...Patch[]]>> = {
  'linked-subject': [
    {
      file: 'src/database/sector-links.ts',
      find: `    .where({ sector: bytes(sector) })
    .forShare()`,
      replace: `    .whereNot({ sector: bytes(\`no \${sector}\`) })
    .forShare()`,
    },
  ],
  'event-subject': [
    {
      file: SUBJECT_EVENT,
      find: 'const to = reviveReleasedSubject(change.newSub);',
      replace: "const to = reviveReleasedSubject(change.userIndex.toString('hex'));",
    },
  ],
  'event-user': [
    {
      file: TOLD_CHANGES,
      find: 'return given !== null && generation !== null && generation >= given;',
      replace: 'return given !== undefined || generation !== null;',
    },
  ],
  'event-sector': [
    {
      file: TOLD_CHANGES,
      find: ".whereIn('changes.sector', sectors.map(bytes))",
      replace: ".whereNotIn('changes.sector', [bytes(`no ${sectors[0]}`)])",
    },
  ],
  'event-audience': [
    {
      file: SUBJECT_EVENT,
      find: 'aud: client.clientId, jti',
      replace: 'aud: client.sector, jti',
    },
  ],
  'event-id': [
    {
      file: SUBJECT_EVENT,
      find: 'return eventId(claimsRoot, client.clientId,',
      replace: 'return eventId(claimsRoot, client.sector,',
    },
  ],
  'event-phase': [
    {
      file: SUBJECT_EVENT,
      find: "return isKnown && modeFor(newestPhase(client), userIndex) === 'pairwise';",
      replace: "return isKnown && modeFor(newestPhase(client), userIndex) !== 'public';",
    },
  ],
  'event-grace': [
    {
      file: TOLD_CHANGES,
      find: ".andWhere('changes.expires_at', '>', now.getTime())",
      replace: ".andWhere('changes.at', '<=', now.getTime())",
    },
  ],
  'event-address': [
    {
      file: 'src/composition/events.ts',
      find: 'mayBePrivate: (origin) => config.outboundPrivateOrigins.includes(origin),',
      replace: 'mayBePrivate: (origin) => !config.outboundPrivateOrigins.includes(`no ${origin}`),',
    },
  ],
  'logout-request': [
    {
      file: LOGOUT,
      find: "location.searchParams.set('state', sealed);",
      replace: `
        const token = await parts.grants.upstreamIdToken(bound.grantId ?? '');
        location.searchParams.set('state', sealed);
        location.searchParams.set('id_token_hint', String(token));`,
    },
  ],
  'logout-response': [
    {
      file: 'src/protocol/logout-response.ts',
      find: 'location: finished.value }',
      replace: 'location: response.href }',
    },
  ],
  'logout-token-subject': [
    {
      file: BACKCHANNEL,
      find: "if (released.as === 'pseudonym') return released.sub;",
      replace: '',
    },
    {
      file: BACKCHANNEL,
      find: "return released.as === 'original' ? subject : undefined;",
      replace: 'return released ? subject : undefined;',
    },
  ],
  'logout-token-sid': [
    {
      file: BACKCHANNEL,
      find: 'const sid = names ? session.sid : undefined;',
      replace: 'const sid = names ? token.sid : undefined;',
    },
  ],
  'logout-token-issuer': [
    {
      file: BACKCHANNEL_TOKEN,
      find: '...{ iss: issuer, aud: client.clientId },',
      replace: '...{ iss: `${issuer}/legacy`, aud: client.clientId },',
    },
  ],
  'logout-token-audience': [
    {
      file: BACKCHANNEL,
      find: '.filter((client) => token.audience.includes(upstreamClientId(client)));',
      replace: '.filter((client) => token.audience.includes(upstreamClientId(client)) || true);',
    },
  ],
  'frontchannel-logout': [
    {
      file: 'src/protocol/frontchannel-logout.ts',
      find: 'return [frontChannelAddress(uri, parts.issuer, session.sid)];',
      replace: 'return [frontChannelAddress(uri, parts.upstreamIssuer, sid)];',
    },
  ],
  'relay-frontchannel-logout': [
    {
      file: `${RELAY}/html-guard.ts`,
      find: "if (frame?.kind === 'redirect') return frame.location;",
      replace: "if (frame?.kind === 'redirect') return url.href;",
    },
  ],
  'relay-logout-hint': [
    {
      file: `${RELAY}/withheld.ts`,
      find: 'if (repeatsToken(whole, this.#token)) done(repeated());',
      replace: 'if (this.#token === undefined) done(repeated());',
    },
  ],
  'mapping-users': [
    {
      file: 'src/subjects/mapping.ts',
      find: 'given.has(old) ? indexUser(indexRoot, sector, old) : undefined',
      replace: 'given.size < 0 ? undefined : indexUser(indexRoot, sector, old)',
    },
  ],
  'mapping-token': [
    {
      file: 'src/protocol/mapping.ts',
      find: 'token && parts.clients.find(token.clientId)',
      replace: "token && parts.clients.find(request.query.get('client_id') ?? token.clientId)",
    },
  ],
  'former-subject': [
    {
      file: 'src/tokens/former-subject.ts',
      find: 'return isOver ? {} : { [migration.claim]: localSubject };',
      replace: 'return { [migration.claim]: localSubject };',
    },
  ],
  'registration-members': [
    {
      file: 'src/vendors/self-registration.ts',
      find: '...(Object.fromEntries(own) as Record<string, unknown>),',
      replace: '...client,',
    },
  ],
  'registration-address': [
    {
      file: 'src/protocol/register.ts',
      find: 'registration_client_uri: `${issuer}/oidc/register/',
      replace: 'registration_client_uri: `${issuer}/reg/',
    },
  ],
  'registration-error': [
    {
      file: 'src/operations/sector-claims.ts',
      find: 'is the sector of another vendor`',
      replace: 'is the sector of ${owner}`',
    },
  ],
  'registration-upstream': [
    {
      file: 'src/operations/upstream-client-metadata.ts',
      find: "response_types: ['code'],",
      replace: "...client, response_types: ['code'],",
    },
  ],
  'id-token-subject': [
    { file: ISSUE, find: 'sub: grant.subject,', replace: 'sub: verified.subject as never,' },
  ],
  'id-token-claims': [{ file: ISSUE, find: 'mode: issue.mode,', replace: "mode: 'public'," }],
  'id-token-values': [
    {
      file: RELEASE,
      find: 'return found === undefined ? { value, as } : { why: found[0] };',
      replace: 'return { value, as };',
    },
  ],
  'claims-by-scope': [
    {
      file: 'src/tokens/released-names.ts',
      find: '.filter((name) => !NEVER_BY_SCOPE.has(name))',
      replace: '',
    },
  ],
  'aggregated-claims': [
    { file: RELEASE, find: "if (aggregated.has(base)) return { why: 'aggregated' };", replace: '' },
  ],
  'relay-email': [
    {
      file: 'src/tokens/relay-email.ts',
      find: 'email: `${subject}@${domain}`',
      replace: 'email: `user@${domain}`',
    },
  ],
  'id-token-issuer': [
    { file: ISSUE, find: 'iss: parts.issuer,', replace: 'iss: parts.upstream.metadata().issuer,' },
  ],
  'id-token-audience': [
    { file: ISSUE, find: 'aud: client.clientId,', replace: "aud: verified.claims['aud']," },
  ],
  'id-token-hash': [
    {
      file: ISSUE,
      find: 'at_hash: tokenHash(accessToken, alg)',
      replace: "at_hash: tokenHash('another token', alg)",
    },
  ],
  'id-token-auth-time': [
    {
      file: RELEASE,
      find: "wanted ? (exact ? 'exact' : 'moved') : 'withheld'",
      replace: "wanted ? (exact ? 'exact' : 'moved') : 'moved'",
    },
  ],
  'id-token-auth-time-offset': [
    {
      file: RELEASE,
      find: 'seconds - authTimeOffset(claimsRoot, client.sector, userIndex)',
      replace: 'seconds',
    },
  ],
  'id-token-expiry': [
    {
      file: ISSUE,
      find: 'exp: iat + wholeMinutes(Math.min(remaining, DEFAULT_LIFETIME)),',
      replace: "exp: verified.claims['exp'],",
    },
  ],
  'id-token-sid': [
    {
      file: RELEASE,
      find: 'return { value: sidFor(claimsRoot, client.sector, sid) };',
      replace: 'return { value: sid };',
    },
  ],
  'access-token': [
    {
      file: ISSUE,
      find: 'access_token: accessToken,',
      replace: 'access_token: tokens.accessToken,',
    },
  ],
  'access-token-jwt-subject': [
    {
      file: ISSUE,
      find: 'subject: grant.subject,',
      replace: 'subject: (issue.verified?.subject ?? grant.subject) as never,',
    },
  ],
  'access-token-jwt-claims': [
    {
      file: ISSUE,
      find: 'claims: () => authenticationClaims(parts, issue),',
      replace: 'claims: () => issue.verified?.claims ?? {},',
    },
  ],
  'access-token-jwt-seal': [
    {
      file: 'src/protocol/access-token.ts',
      find: '...{ iat, exp: iat + lifetime, jti, sealed },',
      replace: '...{ iat, exp: iat + lifetime, jti, sealed, upstream: plan.upstreamToken },',
    },
  ],
  'client-token-subject': [
    {
      file: 'src/protocol/token-client-credentials.ts',
      find: 'subject: clientSubject(client),',
      replace: 'subject: client.upstream?.clientId as never,',
    },
  ],
  'client-token-userinfo': [
    {
      file: USERINFO,
      find: "if (opened.kind !== 'user') throw new Refusal('token_invalid', 'it speaks for no user');",
      replace: '',
    },
  ],
  'id-token-encryption': [
    {
      file: ISSUE,
      find: 'return target === undefined ? idToken : orRefuse(await encryptJwt(idToken, target));',
      replace: 'return idToken;',
    },
  ],
  'userinfo-jwt': [
    {
      file: 'src/protocol/userinfo-answer.ts',
      find: 'iss: parts.issuer, aud: client.clientId }',
      replace: "iss: parts.issuer, aud: client.upstream?.clientId ?? '' }",
    },
  ],
  'refresh-token': [
    {
      file: ISSUE,
      find: '  if (issue.verified !== undefined) {',
      replace:
        "  body['refresh_token'] = tokens.refreshToken;\n  if (issue.verified !== undefined) {",
    },
  ],
  code: [
    {
      file: RESPONSE,
      find: 'code: await sealCode(parts.seals, code, now)',
      replace: 'code: upstreamCode',
    },
  ],
  'token-response-members': [
    {
      file: 'src/upstream/token-request.ts',
      find: "  return {\n    kind: 'tokens',",
      replace: "  return {\n    ...body,\n    kind: 'tokens',",
    },
    {
      file: ISSUE,
      find: 'const body: Record<string, unknown> = {',
      replace: 'const body: Record<string, unknown> = {\n    ...tokens,',
    },
  ],
  'token-response-scope': [
    { file: ISSUE, find: '.filter((scope) => allowed.includes(scope))', replace: '' },
  ],
  'userinfo-subject': [
    { file: USERINFO, find: 'sub: grant.subject', replace: 'sub: localSubject' },
  ],
  'userinfo-claims': [
    { file: USERINFO, find: 'mode: modeToday(grant, client),', replace: "mode: 'public'," },
  ],
  'userinfo-user': [
    {
      file: USERINFO,
      find: 'await requireSameUser(parts, client, grant, localSubject);',
      replace: '',
    },
  ],
  'authorization-response-issuer': [
    {
      file: RESPONSE,
      find: ': queryAnswer(transaction, parts.issuer, { code:',
      replace: ': queryAnswer(transaction, parts.upstreamIssuer, { code:',
    },
  ],
  'authorization-response-members': [
    {
      file: RESPONSE,
      find: 'return sealedAnswer(parts, opened, client, parameters, cookieHeader);',
      replace: `const sealed = await sealedAnswer(parts, opened, client, parameters, cookieHeader);
      if (sealed.kind === 'blocked') return sealed;
      const passed = [...parameters].filter(([name]) => !['code', 'state', 'iss'].includes(name));
      return { ...sealed, location: \`\${sealed.location}&\${new URLSearchParams(passed)}\` };`,
    },
  ],
  'authorization-error': [
    {
      file: RESPONSE,
      find: 'if (error !== null) return refusedUpstream(parts, opened, client, error, parameters);',
      replace: `if (error !== null) {
        const words = { error, error_description: parameters.get('error_description') };
        return { kind: 'redirect', location: queryAnswer(transaction, parts.issuer, words) };
      }`,
    },
  ],
  'pushed-request': [
    {
      file: 'src/protocol/pushed-requests.ts',
      find: "if (c !== client.clientId) throw new Refusal('request_uri_invalid', 'of another client');",
      replace: '',
    },
  ],
  'pushed-request-members': [
    {
      file: 'src/protocol/pushed-request.ts',
      find: 'return created({ request_uri: requestUri, expires_in: expiresIn });',
      replace:
        'return created({ ...Object.fromEntries(parameters), request_uri: requestUri, expires_in: expiresIn });',
    },
  ],
  'token-error': [
    {
      file: 'src/http/request-context.ts',
      find: 'else respondError(response, refused);',
      replace: 'else response.status(400).json({ error: reason, error_description: detail });',
    },
  ],
  'response-headers': [
    {
      file: 'src/upstream/bounded-request.ts',
      find: 'head = { status, headers };',
      replace: 'head = { status, headers: (globalThis.upstreamHeaders = headers) };',
    },
    {
      file: 'src/http/respond.ts',
      find: 'response.set(answer.headers);',
      replace:
        "response.set(answer.headers).set('x-legacy-user', globalThis.upstreamHeaders?.['x-legacy-user']);",
    },
  ],
  'introspection-caller': [
    {
      file: VIEW,
      find: "if (caller.clientId === owner.clientId) return { as: 'client' };",
      replace: "if (caller.clientId !== '') return { as: 'client' };",
    },
  ],
  'internal-api-client': [
    {
      file: API,
      find: 'if (client.metadata.internal_apis?.includes(name) !== true) {',
      replace: "if (name === '') {",
    },
  ],
  'internal-api-audience': [
    {
      file: API,
      find: '?.includes(`${parts.issuer}${FOLDER}${name}`) === false',
      replace: '?.length === 0',
    },
  ],
  'internal-api-address': [
    {
      file: API_REQUEST,
      find: "if (path !== '' && (path.includes('//') || canonicalPath(path) === undefined)) {",
      replace: "if (path === '' && canonicalPath(path) !== undefined) {",
    },
    {
      file: API_REQUEST,
      find: 'if (address.origin !== origin || address.pathname !== expected) {',
      replace: 'if (address.origin !== origin && address.pathname !== expected) {',
    },
  ],
  'internal-api-redirect': [
    {
      file: API_REQUEST,
      find: '...{ method, url },',
      replace: "...{ method, url, redirects: 'same-origin' },",
    },
  ],
  'internal-api-headers': [
    {
      file: API_REQUEST,
      find: 'headers: passedHeaders(response), body };',
      replace: 'headers, body };',
    },
  ],
  'internal-api-token': [
    {
      file: API_REQUEST,
      find: "throw new Refusal('api_answer_refused', 'it repeats the access token');",
      replace: '',
    },
  ],
  'introspection-vendor': [{ file: VIEW, find: 'if (!isServed) return undefined;', replace: '' }],
  'introspection-subject': [
    {
      file: VIEW,
      find: 'if (caller.sector === owner.sector) return subject;',
      replace: "if (caller.sector !== '') return subject;",
    },
  ],
  'introspection-members': [
    {
      file: 'src/upstream/introspection-request.ts',
      find: 'const { active, exp } = jsonObject(response);',
      replace: 'const { active, exp } = (globalThis.upstreamIntrospection = jsonObject(response));',
    },
    {
      file: INTROSPECT,
      find: 'active: true,',
      replace: '...globalThis.upstreamIntrospection,\n    active: true,',
    },
  ],
  'introspection-expiry': [
    {
      file: INTROSPECT,
      find: 'Math.min(ours, now + Math.ceil(remaining / 60) * 60)',
      replace: 'answer.expiresAt',
    },
  ],
  'revocation-owner': [
    {
      file: REVOKE,
      find: 'const own = token?.clientId === caller.client.clientId ? token : undefined;',
      replace: 'const own = token;',
    },
  ],
  'revocation-shared': [
    { file: REVOKE, find: 'if (caller.client.upstream?.shared === true) return;', replace: '' },
  ],
  discovery: [
    {
      file: 'src/compose.ts',
      find: 'discoveryEndpoint({ issuer,',
      replace: 'discoveryEndpoint({ issuer: config.upstream.issuer,',
    },
  ],
  webfinger: [
    {
      file: 'src/protocol/webfinger.ts',
      find: 'const links = wanted',
      replace: "const links = wanted && !resource.includes('bob')",
    },
  ],
  'callback-code': [
    {
      file: CALLBACK,
      find: 'code: await sealCode(parts.seals, pending, parts.clock())',
      replace: 'code: pending.upstreamCode',
    },
  ],
  'callback-early-code': [
    {
      file: EARLY,
      find: "members['code'] = await keepEarlyCode(",
      replace: "members['code'] = pending.upstreamCode;\n    await keepEarlyCode(",
    },
  ],
  'callback-access-token': [
    {
      file: EARLY,
      find: "members['access_token'] = accessToken;",
      replace: "members['access_token'] = tokens.accessToken;",
    },
  ],
  'callback-members': [
    {
      file: CALLBACK,
      find: 'return answer(await lateMembers(parts, pending));',
      replace: `return answer({ ${PASSED}, ...(await lateMembers(parts, pending)) });`,
    },
    {
      file: CALLBACK,
      find: 'return notice ?? answer(await answerEarly(parts, arrival, request.log));',
      replace: `return answer({ ${PASSED}, ...(await answerEarly(parts, arrival, request.log)) });`,
    },
  ],
  'callback-issuer': [
    {
      file: 'src/protocol/login-answer.ts',
      find: 'authorizationAnswer(transaction, parts.issuer, members,',
      replace: 'authorizationAnswer(transaction, parts.upstreamIssuer, members,',
    },
  ],
  'callback-error': [
    {
      file: CALLBACK,
      find: 'answer({ error: standardError(error) })',
      replace: 'answer({ error })',
    },
  ],
  'callback-browser-binding': [
    {
      file: CALLBACK,
      find: "if (!parts.binding.matches(transaction.browser, request.headers['cookie'])) {",
      replace: "if (request.headers['cookie'] === 'never') {",
    },
    {
      file: RESPONSE,
      find: 'if (!parts.binding.matches(transaction.browser, cookieHeader)) {',
      replace: "if (cookieHeader === 'never') {",
    },
  ],
  'jarm-audience': [
    {
      file: 'src/protocol/signed-answer.ts',
      find: 'aud: client.clientId,',
      replace: 'aud: client.upstream?.clientId ?? client.clientId,',
    },
  ],
  'id-token-code-hash': [
    {
      file: ISSUE,
      find: 'c_hash: tokenHash(code, alg)',
      replace: "c_hash: tokenHash('another code', alg)",
    },
  ],
  'id-token-state-hash': [
    {
      file: ISSUE,
      find: 's_hash: tokenHash(state, alg)',
      replace: "s_hash: tokenHash('another state', alg)",
    },
  ],
  'notice-first': [
    {
      file: CALLBACK,
      find: 'const notice = await parts.noticeDue(arrival);',
      replace: 'const notice = undefined;',
    },
  ],
  'account-page': [
    {
      file: ACCOUNT,
      find: 'return overviewPage(parts.issuer, vendors, session.formToken);',
      replace:
        'return overviewPage(`${parts.issuer}/?${session.localSubject}`, vendors, session.formToken);',
    },
  ],
  'account-session': [
    {
      file: 'src/protocol/account-session.ts',
      find: 'return this.#setCookie(kept, ACCOUNT_SECONDS);',
      replace: 'return this.#setCookie(`${kept}.${localSubject}`, ACCOUNT_SECONDS);',
    },
  ],
  'account-user': [
    {
      file: ACCOUNT,
      find: "if (consumedPoints > parts.limit.points) throw new Refusal('account_throttled');",
      replace: `const named = request.form.get('user') ?? request.query.get('user');
        if (named !== null) return { ...session, localSubject: named };`,
    },
  ],
  'account-login': [
    {
      file: ACCOUNT_LOGIN,
      find: "if (!parts.binding.matches(login.browser, headers['cookie'])) {",
      replace: "if (headers['cookie'] === 'never') {",
    },
  ],
  'account-fresh': [
    {
      file: ACCOUNT_LOGIN,
      find: 'if (authTime < login.begun - MAX_AGE - LEEWAY)',
      replace: 'if (authTime < 0)',
    },
  ],
  'account-form': [
    {
      file: 'src/protocol/account-session.ts',
      find: "secretsEqual(form.get('token') ?? '', session.formToken)",
      replace: 'secretsEqual(session.formToken, session.formToken)',
    },
  ],
  'notice-page': [
    {
      file: NOTICE,
      find: '...{ vendor, contents, redirectUri: transaction.redirectUri },',
      replace: `redirectUri: transaction.redirectUri, contents,
        vendor: { ...vendor, contacts: [String(arrival.verified.subject)] },`,
    },
  ],
  'notice-browser-binding': [
    {
      file: NOTICE,
      find: "if (!parts.binding.matches(transaction.browser, request.headers['cookie'])) {",
      replace: "if (request.headers['cookie'] === 'never') {",
    },
  ],
  'notice-members': [
    {
      file: NOTICE,
      find: 'return to.answer(await answerEarly(parts, arrival, request.log));',
      replace: `const members = await answerEarly(parts, arrival, request.log);
        return to.answer({ ...Object.fromEntries(request.form), ...members });`,
    },
  ],
  'hint-answer': [
    {
      file: EARLY,
      find: "throw new Refusal('hint_mismatch');",
      replace: "throw new Refusal('hint_mismatch_late');",
    },
  ],
  'hint-subject': [
    {
      file: 'src/subjects/hinted.ts',
      find: "return version !== undefined && kindOf(modeFor(version, user.userIndex)) === 'public';",
      replace: 'return version !== undefined;',
    },
  ],
  'hint-forwarding': [
    {
      file: 'src/protocol/hints.ts',
      find: "named.length === 0 && client.metadata.login_hint === 'forward'",
      replace: "client.metadata.login_hint === 'forward'",
    },
  ],
  'relay-authorization-response': [
    {
      file: `${RELAY}/redirects.ts`,
      find: 'if (policy.isRedirectTarget(url)) return answer(url);',
      replace: "if (policy.isRedirectTarget(url)) return { kind: 'redirect', location: url.href };",
    },
  ],
  'relay-authorization-request': [
    {
      file: `${RELAY}/request.ts`,
      find: 'if (!(await policy.admitsAuthorization(merged, request.headers.cookie))) {',
      replace: 'if (merged.size < 0) {',
    },
  ],
  'relay-browser-binding': [
    {
      file: RESPONSE,
      find: 'if (!parts.binding.matches(transaction.browser, cookieHeader)) {',
      replace: "if (cookieHeader === 'never') {",
    },
  ],
  'relay-back-channel': [
    {
      file: `${RELAY}/request.ts`,
      find: 'if (isClosed(canonical, upstream.backChannelPaths)) throw',
      replace: 'if (isClosed(canonical, [])) throw',
    },
  ],
  'relay-credentials': [
    {
      file: `${RELAY}/request.ts`,
      find: "if (headers.authorization !== undefined || headers['proxy-authorization'] !== undefined) {",
      replace: "if (headers['proxy-authorization'] !== undefined) {",
    },
  ],
  'relay-foreign-redirect': [
    {
      file: `${RELAY}/redirects.ts`,
      find: "return blocked('relay_blocked', `a redirect to ${isWeb(url) ? url.origin : url.protocol}`);",
      replace: "return { kind: 'redirect', location: url.href };",
    },
  ],
  'relay-addresses': [
    {
      file: `${RELAY}/site.ts`,
      find: 'outward: new AddressText(theirs, ours),',
      replace: 'outward: new AddressText([], ours),',
    },
  ],
  'relay-headers': [
    {
      file: `${RELAY}/response-headers.ts`,
      find: 'const relayed: OutgoingHttpHeaders = {};',
      replace: 'const relayed: OutgoingHttpHeaders = { ...headers };',
    },
  ],
  'relay-referrer': [
    {
      file: `${RELAY}/response-headers.ts`,
      find: "relayed['referrer-policy'] = 'no-referrer';",
      replace: '',
    },
  ],
  traces: [
    {
      file: 'src/http/request-context.ts',
      find: 'const span = beginRequest(identity, request.method);',
      replace: 'const span = beginRequest(identity, request.originalUrl);',
    },
  ],
  metrics: [
    {
      file: 'src/composition/metrics.ts',
      find: "instruments.pseudonymsCreated.inc({ sector, origin: 'login' });",
      replace: "instruments.pseudonymsCreated.inc({ sector: pseudonym.sub, origin: 'login' });",
    },
  ],
  logs: [
    {
      file: 'src/observability/redaction.ts',
      find: 'export function scrub(text: string): string {',
      replace:
        'export function scrub(text: string): string {\n  if (text !== undefined) return text;',
    },
  ],
  'device-code': [
    {
      file: 'src/protocol/device.ts',
      find: "device_code: await sealPendingLogin(seals, 'device_code', login, times),",
      replace: 'device_code: device.deviceCode,',
    },
  ],
  'auth-req-id': [
    {
      file: 'src/protocol/ciba.ts',
      find: "auth_req_id: await sealPendingLogin(seals, 'auth_req_id', login, times),",
      replace: 'auth_req_id: begun.authReqId,',
    },
  ],
  'backchannel-hint': [
    {
      file: 'src/protocol/hinted-user.ts',
      find: 'if (allowed.includes(user)) return',
      replace: 'if (allowed.length >= 0) return',
    },
  ],
  'exchanged-token': [
    {
      file: 'src/protocol/token-exchange.ts',
      find: '{ ...answer.body, issued_token_type: ACCESS_TOKEN }',
      replace:
        '{ ...answer.body, access_token: tokens.accessToken, issued_token_type: ACCESS_TOKEN }',
    },
  ],
  'exchanged-token-user': [
    {
      file: 'src/protocol/token-exchange.ts',
      find: 'await requireSameUser(parts, client, grant, claimed);',
      replace: '',
    },
    {
      file: 'src/protocol/token-exchange.ts',
      find: 'await requireSameUser(parts, client, grant, verified.subject);',
      replace: '',
    },
  ],
  'dpop-nonce': [
    {
      file: 'src/tokens/dpop-nonce.ts',
      find: 'dpopNonce(root, clientId, periodOf(now))',
      replace: "dpopNonce(root, '', periodOf(now))",
    },
    {
      file: 'src/tokens/dpop-nonce.ts',
      find: 'dpopNonce(root, clientId, candidate)',
      replace: "dpopNonce(root, '', candidate)",
    },
  ],
  'verification-uri': [
    {
      file: 'src/protocol/device.ts',
      find: 'verification_uri: verificationUri,',
      replace: 'verification_uri: device.verificationUri.href,',
    },
  ],
  'user-code': [
    {
      file: 'src/protocol/device.ts',
      find: 'user_code: userCode,',
      replace: 'user_code: device.userCode,',
    },
  ],
};
