import { Refusal, orRefuse } from '../errors.ts';
import { releaseUserinfoClaims } from '../tokens/release.ts';
import { formerSubject } from '../tokens/former-subject.ts';
import { relayEmail } from '../tokens/relay-email.ts';
import { requestUserinfo } from '../upstream/userinfo-request.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import type { AccessTokenParts } from './access-token.ts';
import { openAccessToken } from './access-token.ts';
import { requireBinding } from './dpop.ts';
import type { DpopParts } from './dpop.ts';
import type { Endpoint } from './message.ts';
import { presentedAccessToken } from './access-token-header.ts';
import type { StandingGrants } from './standing.ts';
import { modeToday, standingClient, TOKEN_FALLEN } from './standing.ts';
import type { IssueParts } from './token-issue.ts';
import { requireSameUser } from './token-refresh.ts';
import type { UserinfoAnswerParts } from './userinfo-answer.ts';
import { userinfoAnswer } from './userinfo-answer.ts';
import { verifiedUserinfo } from './verified-userinfo.ts';

/** What the userinfo endpoint works with. */
export type UserinfoParts = Pick<
  IssueParts,
  'upstream' | 'exchange' | 'subjects' | 'claimsRoot' | 'clock'
> &
  AccessTokenParts &
  UserinfoAnswerParts & {
    readonly dpop: DpopParts;
    readonly registry: StandingGrants;
  };

/** The userinfo endpoint (OpenID Connect Core 5.3). */
export function userinfoEndpoint(parts: UserinfoParts): Endpoint {
  return async (request) => {
    const now = parts.clock();
    const presented = presentedAccessToken(request);
    const opened = orRefuse(await openAccessToken(parts, presented.token));
    if (opened.kind !== 'user') throw new Refusal('token_invalid', 'it speaks for no user');
    const { grant, upstreamToken } = opened;
    const known = parts.registry.find(grant.clientId);
    if (known !== undefined) request.identified(known);
    const holder = standingClient(grant, parts.registry, now, TOKEN_FALLEN);
    await requireBinding(parts.dpop, request, {
      ...{ presented, jkt: grant.jkt, client: holder, path: '/oidc/userinfo' },
    });
    const answer = await requestUserinfo({
      exchange: parts.exchange,
      metadata: parts.upstream.metadata(),
      accessToken: upstreamToken,
      verify: verifiedUserinfo(parts.upstream, { clientId: upstreamClientId(holder), now }),
    });
    if (answer.kind === 'refused') throw new Refusal('token_invalid', 'refused by the upstream');
    // The upstream may have taken its time: what holds now decides.
    const client = standingClient(grant, parts.registry, now, TOKEN_FALLEN);
    const localSubject = String(answer.claims['sub']);
    await requireSameUser(parts, client, grant, localSubject);
    const released = releaseUserinfoClaims({
      upstreamClaims: answer.claims,
      mode: modeToday(grant, client),
      client,
      localSubject,
      upstreamIssuer: parts.upstream.metadata().issuer,
      claimsRoot: parts.claimsRoot,
      userIndex: grant.userIndex,
    });
    if (released.dropped.length > 0) {
      request.log.warn({ client: client.clientId, dropped: released.dropped }, 'claims held back');
    }
    const signed = await userinfoAnswer(parts, client, {
      ...released.claims,
      ...relayEmail(client.metadata, grant.subject, grant.kind),
      ...formerSubject(
        client.metadata.migration,
        modeToday(grant, client),
        localSubject,
        parts.clock(),
      ),
      sub: grant.subject,
    });
    // So may have the client's keys: a user who was erased meanwhile is told of no more.
    standingClient(grant, parts.registry, parts.clock(), TOKEN_FALLEN);
    return signed;
  };
}
