import { z } from 'zod';

import { redirectUriProblem } from './redirect-uri.ts';

/** How a client is told of logouts (OpenID Connect Back-Channel Logout 2.2, Front-Channel Logout 2). */
export interface LogoutMetadata {
  readonly backchannel_logout_uri?: string | undefined;
  readonly backchannel_logout_session_required?: boolean | undefined;
  readonly frontchannel_logout_uri?: string | undefined;
  readonly frontchannel_logout_session_required?: boolean | undefined;
}

const logoutUri = z.string().superRefine((uri, context) => {
  const problem = redirectUriProblem(uri, 'web');
  if (problem === undefined) return;
  context.addIssue({ code: 'custom', message: problem.wrong, params: { right: problem.right } });
});

/** The members of a client entry that are about logouts. */
export const logoutMembers = {
  backchannel_logout_uri: logoutUri.optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  frontchannel_logout_uri: logoutUri.optional(),
  frontchannel_logout_session_required: z.boolean().optional(),
};

/** What is stored of them. */
export function logoutMetadataOf(entry: LogoutMetadata): LogoutMetadata {
  return {
    backchannel_logout_uri: entry.backchannel_logout_uri,
    backchannel_logout_session_required: entry.backchannel_logout_session_required,
    frontchannel_logout_uri: entry.frontchannel_logout_uri,
    frontchannel_logout_session_required: entry.frontchannel_logout_session_required,
  };
}
