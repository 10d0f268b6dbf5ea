/**
 * JUnit XML, as continuous integration shows it: the run, every gate and the comparison are a testcase each. A gate that
 * failed and a regression are failures; what could not be judged is skipped, with the reason; a run in which nothing
 * succeeded, or that was interrupted, is an error.
 */
import type { BenchResult, GateOutcome } from '../result.js';
import { counted, tally } from './figures.js';
import { attributes, escapeMarkup } from './markup.js';
import {
  comparedChange,
  comparedInterval,
  comparisonSummary,
  gateActual,
  gateInterval,
  gateNote,
  metricTitle,
  verdictSummary,
} from './wording.js';

const SUITE = 'gollama bench';

type Ending = 'passed' | 'failure' | 'error' | 'skipped';

interface Testcase {
  readonly name: string;
  readonly ending: Ending;
  readonly message: string;
  readonly details?: string;
}

export function renderJunit(result: BenchResult): string {
  const cases = [runCase(result), ...result.gates.map((gate) => gateCase(gate, result)), ...comparisonCases(result)];
  const counts = {
    name: SUITE,
    tests: cases.length,
    failures: cases.filter(({ ending }) => ending === 'failure').length,
    errors: cases.filter(({ ending }) => ending === 'error').length,
    skipped: cases.filter(({ ending }) => ending === 'skipped').length,
    time: result.run.duration_s.toFixed(3),
  };
  const suite = { ...counts, timestamp: result.run.started_at.replace(/(\.\d+)?Z$/, '') };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(counts)}>`,
    `  <testsuite${attributes(suite)}>`,
    ...propertyLines(result),
    ...cases.flatMap((testcase, at) => caseLines(testcase, at === 0 ? result.run.duration_s : 0)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** What no gate tells: that nothing worked at all, that the error budget is spent, that the client was at its limits. */
function runCase(result: BenchResult): Testcase {
  const { verdict, requests, gates, comparison } = result;
  const message = verdict.reason ?? verdictSummary(result);
  const name = 'run';
  const details = `${requests.successful} of ${counted(requests.total, 'request')} succeeded. ${tally(requests.by_error)}`;
  if (requests.successful === 0 || verdict.status === 'interrupted') return { name, ending: 'error', message, details };
  const told = (status: string): boolean =>
    gates.some((gate) => gate.status === status) || comparison?.status === status;
  if (verdict.status === 'fail' && !told('fail')) return { name, ending: 'failure', message, details };
  const untold = result.client.saturated || !told('inconclusive');
  if (verdict.status === 'inconclusive' && untold) return { name, ending: 'skipped', message };
  return { name, ending: 'passed', message };
}

function gateCase(gate: GateOutcome, result: BenchResult): Testcase {
  const { expr: name, status } = gate;
  const message = [`actual ${gateActual(gate)}`, gateInterval(gate), gateNote(gate, result)].filter(Boolean).join(', ');
  return { name, message, ending: status === 'pass' ? 'passed' : status === 'fail' ? 'failure' : 'skipped' };
}

function comparisonCases({ comparison }: BenchResult): readonly Testcase[] {
  if (comparison === null) return [];
  const { status, guards, base } = comparison;
  const details = comparison.metrics
    .map((metric) => {
      return `${metricTitle(metric.metric)}: ${comparedChange(metric)} ${comparedInterval(metric)} ${metric.verdict}`;
    })
    .join('\n');
  const ending = status === 'regression' ? 'failure' : status === 'inconclusive' ? 'skipped' : 'passed';
  const message = [comparisonSummary(comparison), ...guards].join('; ');
  return [{ name: `no regression against ${base}`, ending, message, details }];
}

function propertyLines({ target, workload, run }: BenchResult): readonly string[] {
  const properties = {
    url: target.url,
    model: target.model,
    workload: workload.hash,
    ...Object.fromEntries(Object.entries(run.labels).map(([name, value]) => [`label.${name}`, value])),
  };
  return [
    '    <properties>',
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
  ];
}

function caseLines({ name, ending, message, details }: Testcase, timeS: number): readonly string[] {
  const head = `    <testcase${attributes({ classname: SUITE, name, time: timeS.toFixed(3) })}`;
  if (ending === 'passed')
    return [`${head}>`, `      <system-out>${escapeMarkup(message)}</system-out>`, '    </testcase>'];
  const type = ending === 'skipped' ? undefined : ending === 'error' ? 'run' : 'gate';
  const body = escapeMarkup(details ?? message);
  return [`${head}>`, `      <${ending}${attributes({ message, type })}>${body}</${ending}>`, '    </testcase>'];
}
