import type { MigrationPolicy } from '../vendors/migration-members.ts';
import { endOfDual } from '../vendors/migration-members.ts';
import type { Gate } from '../vendors/phase-store.ts';
import type { Step } from '../vendors/rollout-plan.ts';

/** Days of logins in shadow that are judged. */
export const WINDOW_DAYS = 7;
/** Share of the logins in shadow that may fail, of 1: one of a thousand. */
const MOST_FAILED = 0.001;
/** Share of the logins in shadow that may be of users who had no pseudonym yet, of 1. */
const MOST_NEW = 0.1;

/** What the gates are judged by. */
export interface GateFacts {
  readonly now: Date;
  /** Logins in shadow in the last {@link WINDOW_DAYS} days: all, of new users, and failed ones. */
  readonly shadow: { readonly logins: number; readonly made: number; readonly failed: number };
  /** Users who have a pseudonym in the client's sector. */
  readonly mappedUsers: number;
  readonly canBypass: boolean;
  readonly acceptBypassAt: Date | undefined;
  readonly migration: MigrationPolicy | undefined;
  /** Whether the vendor has users under the original subject. */
  readonly hasOriginals: boolean;
  /** When the pairs of old and new subjects were last exported, or asked for. */
  readonly handedOverAt: Date | undefined;
  /** When the last token from before pairwise for everybody ends; undefined: it is not for everybody. */
  readonly continuityEnd: Date | undefined;
}

type Judged = Pick<Gate, 'state' | 'message'>;

const GATES = {
  shadow_error_rate: shadowErrorRate,
  users_mapped: usersMapped,
  bypass,
  mapping_handed_over: mappingHandedOver,
  continuity_over: continuityOver,
} as const satisfies Readonly<Record<string, (facts: GateFacts) => Judged>>;

export type GateName = keyof typeof GATES;

const TO_PAIRWISE = [
  ...(['shadow_error_rate', 'users_mapped', 'bypass', 'mapping_handed_over'] as const),
];

const GATES_OF: Readonly<Record<Step, readonly GateName[]>> = {
  plan: [],
  shadow: ['bypass'],
  pilot_users: TO_PAIRWISE,
  percent_5: TO_PAIRWISE,
  percent_50: TO_PAIRWISE,
  percent_100: TO_PAIRWISE,
  done: ['bypass', 'mapping_handed_over', 'continuity_over'],
};

/** What stands before a step. A red gate is a word of warning; only `bypass` refuses, and not in shadow. */
export function judgeGates(step: Step, facts: GateFacts): readonly Gate[] {
  return GATES_OF[step].map((name) => ({
    name,
    ...GATES[name](facts),
    refuses: name === 'bypass' && step !== 'shadow',
  }));
}

function shadowErrorRate({ shadow: { logins, failed } }: GateFacts): Judged {
  if (logins === 0) return red(`Nobody logged in in shadow in the last ${WINDOW_DAYS} days.`);
  const message = `${failed} of ${logins} logins in shadow failed in the last ${WINDOW_DAYS} days.`;
  return failed <= logins * MOST_FAILED ? green(message) : red(message);
}

function usersMapped({ mappedUsers, shadow: { logins, made } }: GateFacts): Judged {
  const users = `${mappedUsers} ${mappedUsers === 1 ? 'user has' : 'users have'} a pseudonym`;
  if (mappedUsers === 0) return red('No user has a pseudonym yet.');
  if (logins === 0) return green(`${users}.`);
  const message = `${users}; ${made} of the ${logins} logins in shadow were of new ones.`;
  return made <= logins * MOST_NEW ? green(message) : red(message);
}

function bypass({ canBypass, acceptBypassAt }: GateFacts): Judged {
  if (!canBypass) return green('The vendor holds no credential that the upstream would accept.');
  return acceptBypassAt === undefined
    ? red('The vendor can go round the proxy, and accept_bypass is not set.')
    : green(
        `That the vendor can go round the proxy was accepted at ${acceptBypassAt.toISOString()}.`,
      );
}

function mappingHandedOver(facts: GateFacts): Judged {
  const { migration, handedOverAt, hasOriginals, now } = facts;
  if (handedOverAt !== undefined) {
    return green(`The vendor was last given new subjects at ${handedOverAt.toISOString()}.`);
  }
  if (!hasOriginals) return green('The vendor knows no user by the original subject.');
  if (migration?.mode === 'preserve') return green('Users keep the subject that the vendor knows.');
  if (migration?.mode === 'dual') {
    const { claim, until } = migration;
    return now < endOfDual(migration)
      ? green(`The claim ${claim} holds the original subject until ${until}.`)
      : red(`The claim ${claim} ended (${until}), and the vendor never asked for new subjects.`);
  }
  return red('The vendor knows users by the original subject and was not given the new ones.');
}

function continuityOver({ continuityEnd, now }: GateFacts): Judged {
  if (continuityEnd === undefined) return red('Pairwise is not for everybody yet.');
  const end = continuityEnd.toISOString();
  return now < continuityEnd
    ? red(`Tokens from before may keep their subject until ${end}.`)
    : green(`No token keeps a subject from before since ${end}.`);
}

function green(message: string): Judged {
  return { state: 'green', message };
}

function red(message: string): Judged {
  return { state: 'red', message };
}
