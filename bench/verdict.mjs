// Decides whether the quick mode fails. The measurement is an argument, so that the decision can be tested.
import { digits } from "./report.mjs";
import { slower } from "./statistics.mjs";

/** The cases of each suite that are slower than committed, without suites that have none. */
function suspectsOf(results, wanted, committed, margin) {
  const slow = (key) => {
    const rows = results.find((result) => result.key === key)?.rows ?? [];
    const ratios = Object.fromEntries(rows.map(({ name, ratios: [first] }) => [name, first?.fastest]));
    return slower(ratios, Object.fromEntries(wanted[key].map((name) => [name, committed[key][name]])), margin);
  };
  return Object.fromEntries(
    Object.keys(wanted)
      .map((key) => [key, slow(key)])
      .filter(([, names]) => names.length > 0),
  );
}

/**
 * Measures all committed cases (ratios by suite and case), and again those with more than `margin` times the committed
 * ratio: other load may disturb all rounds of one side. `measure(wanted, again)` returns the results of the suites
 * whose cases `wanted` names.
 *
 * @returns all results, and a sentence for each case that was too slow both times.
 */
export async function verdict(committed, margin, measure) {
  const wanted = Object.fromEntries(Object.entries(committed).map(([key, ratios]) => [key, Object.keys(ratios)]));
  const results = await measure(wanted, false);
  const suspects = suspectsOf(results, wanted, committed, margin);
  if (Object.keys(suspects).length === 0) return { results, slow: [] };
  const again = await measure(suspects, true);
  const slow = Object.entries(suspectsOf(again, suspects, committed, margin)).flatMap(([key, names]) =>
    names.map((name) => {
      const { fastest } = again.find((result) => result.key === key).rows.find((row) => row.name === name).ratios[0];
      const limit = committed[key][name];
      return (
        `${key}, ${name}: ours takes ${digits(fastest)} of burn's time; ` +
        `committed is ${limit}, the limit ${digits(margin * limit)}`
      );
    }),
  );
  return { results: [...results, ...again], slow };
}
