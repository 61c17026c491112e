import { WORK } from './cases.ts';
import type { CryptoCosts } from './floor.ts';
import { tokenCost } from './floor.ts';
import type { Figures } from './measure.ts';

/** Something that was to be reached, and whether it is. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: string;
  readonly is: 'at most' | 'at least';
  readonly met: boolean;
}

/** What goals are judged by. */
export interface Measured {
  readonly figures: readonly Figures[];
  readonly costs: CryptoCosts;
  /** Milliseconds. */
  readonly startMilliseconds: number;
}

const MIB = 1024 * 1024;

/** All goals that this run says something of. */
export function goalsOf({ figures, costs, startMilliseconds }: Measured): readonly Goal[] {
  const of = (target: string, work: string): Figures => {
    const found = figures.find((each) => each.target === target && each.work === work);
    if (found === undefined) throw new Error(`${target} was not measured at ${work}`);
    return found;
  };
  const against = (work: string, bareWork = work): number =>
    of('proxy', work).throughput / of('bare', bareWork).throughput;
  const toOwn = (work: string): number =>
    of('proxy', work).throughput / of('oidc-provider', work).throughput;
  const floors = {
    ES256: of('bare', WORK.token).processor + tokenCost(costs, 'ES256'),
    RS256: of('bare', WORK.token).processor + tokenCost(costs, 'RS256'),
    userinfo: of('bare', WORK.userinfo).processor + costs.unseal,
  };
  const added = of('proxy', WORK.latency).p50 - of('upstream', WORK.latency).p50;
  const workers = of('2 workers', WORK.tokenES256).processor;
  return [
    atMost(
      'token (ES256): processor time, against the floor',
      costOver(WORK.tokenES256, floors.ES256),
      1.2,
    ),
    atMost(
      'token (RS256): processor time, against the floor',
      costOver(WORK.tokenRS256, floors.RS256),
      1.2,
    ),
    atMost(
      'userinfo: processor time, against the floor',
      costOver(WORK.userinfo, floors.userinfo),
      1.2,
    ),
    atLeast('discovery: throughput, against bare', against(WORK.discovery), 2),
    atLeast('jwks: throughput, against bare', against(WORK.jwks), 2),
    atLeast('relayed page: throughput, against bare', against(WORK.page), 0.9),
    atLeast('token (ES256): throughput, against oidc-provider', toOwn(WORK.tokenES256), 2.5),
    atLeast('token (RS256): throughput, against oidc-provider', toOwn(WORK.tokenRS256), 1.3),
    atMost('token (ES256), one at a time: added p50', added, 1, 'ms'),
    atLeast('first logins', of('proxy', WORK.firstLogin).throughput, 2000, '/s'),
    atMost(
      '2 workers: processor time, against one',
      workers / of('proxy', WORK.tokenES256).processor,
      1.1,
    ),
    atMost('start to ready with 10,000 clients', startMilliseconds / 1000, 1, 's'),
    atMost(
      'resident memory after the load',
      of('proxy', WORK.tokenES256).resident / MIB,
      150,
      'MiB',
    ),
  ];

  function costOver(work: string, floor: number): number {
    return of('proxy', work).processor / floor;
  }
}

function atMost(name: string, value: number, bound: number, unit = '×'): Goal {
  return { name, value, bound, unit, is: 'at most', met: value <= bound };
}

function atLeast(name: string, value: number, bound: number, unit = '×'): Goal {
  return { name, value, bound, unit, is: 'at least', met: value >= bound };
}
