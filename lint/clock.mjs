/**
 * What `no-restricted-properties` cannot say: `new Date()` and `Date()` read the
 * clock, while `new Date(instant)` only computes.
 */
const noOwnClock = {
  meta: { type: 'problem', docs: { description: 'Pure modules take the clock as an argument' } },
  create(context) {
    const check = (node) => {
      const reads = node.type === 'CallExpression' || node.arguments.length === 0;
      if (reads && node.callee.type === 'Identifier' && node.callee.name === 'Date') {
        context.report({ node, message: 'The clock is an argument in a pure module.' });
      }
    };
    return { NewExpression: check, CallExpression: check };
  },
};

export default {
  meta: { name: 'pairwise' },
  rules: { 'no-own-clock': noOwnClock },
};
