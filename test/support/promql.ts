import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** What one selector of an expression asks for. */
export interface Selector {
  readonly metric: string;
  /** Labels that it is narrowed by. */
  readonly labels: readonly string[];
}

/** What an expression of PromQL asks for. */
export interface Query {
  readonly selectors: readonly Selector[];
  /** Labels by which it groups, each with the selectors below. */
  readonly groupings: readonly {
    readonly labels: readonly string[];
    readonly of: readonly Selector[];
  }[];
}

/** Reads an expression; throws where it is none. */
export function readQuery(expression: string): Query {
  const { topNode } = parser.parse(expression);
  const wrong = all(topNode, '⚠')[0];
  if (wrong !== undefined) {
    throw new Error(`not PromQL at ${wrong.from}: ${expression}`);
  }
  const text = ({ from, to }: Node): string => expression.slice(from, to);
  const selectorsIn = (node: Node): readonly Selector[] =>
    all(node, 'VectorSelector').map((selector) => ({
      metric: all(selector, 'Identifier').map(text)[0] ?? '',
      labels: all(selector, 'LabelName').map(text),
    }));
  const groupings = all(topNode, 'AggregateExpr').map((aggregate) => ({
    labels: aggregate
      .getChildren('AggregateModifier')
      .flatMap((by) => all(by, 'LabelName').map(text)),
    of: selectorsIn(aggregate),
  }));
  return { selectors: selectorsIn(topNode), groupings };
}

/** Every node of that name in a tree, the root too. */
function all(node: Node, name: string): readonly Node[] {
  const found: Node[] = node.name === name ? [node] : [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    found.push(...all(child, name));
  }
  return found;
}
