import { stringify } from 'yaml';
import { ALERTS } from './alerts.ts';
import type { Alert } from './alerts.ts';
import { BOARD } from './panels.ts';
import type { Panel, Row } from './panels.ts';

/** As Grafana fills it in, with the matchers of the board's variables. */
const BOARD_SPAN = { interval: '$__rate_interval', scope: 'job=~"$job",instance=~"$instance",' };

const COLUMNS = 24;
const PANEL_HEIGHT = 8;
const PANELS_IN_LINE = 4;
/** How Grafana names the queries of a panel. */
const REF_IDS = ['A', 'B', 'C', 'D'];
const GENERATED = '# Written by `npm run docs` from deploy/monitoring/alerts.ts.\n';

/** A board for Grafana 10 and later. */
export function renderBoard(): string {
  let y = 0;
  const panels = BOARD.flatMap((row) => {
    const placed = toRow(row, y);
    y = placed.nextY;
    return placed.panels;
  });
  return JSON.stringify({
    title: 'Tollgate',
    uid: 'tollgate',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [toVariable('job', ''), toVariable('instance', '{job=~"$job"}')] },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  });
}

function toVariable(name: string, matching: string) {
  return {
    name,
    type: 'query',
    datasource: { type: 'prometheus' },
    query: `label_values(tollgate_build_info${matching}, ${name})`,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    refresh: 2,
  };
}

function toRow({ question, panels }: Row, y: number) {
  const inLine = Math.min(panels.length, PANELS_IN_LINE);
  const w = Math.floor(COLUMNS / inLine);
  const placed = panels.map((panel, index) =>
    toPanel(panel, { x: (index % inLine) * w, y: y + 1 + Math.floor(index / inLine) * PANEL_HEIGHT, w }),
  );
  const header = { type: 'row', title: question, gridPos: { x: 0, y, w: COLUMNS, h: 1 } };
  return { panels: [header, ...placed], nextY: y + 1 + Math.ceil(panels.length / inLine) * PANEL_HEIGHT };
}

function toPanel({ title, says, unit, shows, queries }: Panel, place: { x: number; y: number; w: number }) {
  return {
    type: shows === 'now' ? 'stat' : 'timeseries',
    title,
    description: says,
    datasource: { type: 'prometheus' },
    gridPos: { ...place, h: PANEL_HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: shows === 'now' ? { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'value_and_name' } : {},
    targets: queries.map(({ legend, query }, index) => ({
      refId: REF_IDS[index] ?? '',
      expr: query(BOARD_SPAN),
      legendFormat: legend,
    })),
  };
}

/** A rule file for Prometheus 2 and 3. */
export function renderAlerts(): string {
  const rules = ALERTS.map(({ name, urgency, expression, for: held, summary, runbook }) => ({
    alert: name,
    expr: expression,
    for: held,
    labels: { severity: urgency },
    annotations: { summary, runbook },
  }));
  return GENERATED + stringify({ groups: [{ name: 'tollgate', rules }] }, { lineWidth: 0 });
}

/** Unit tests for promtool: every alert fires on its series and on nothing else's quiet ones. */
export function renderAlertTests(ruleFile: string): string {
  const tests = ALERTS.flatMap((alert) => [
    toTest(alert, 'fires', alert.fires),
    toTest(alert, 'is quiet', alert.quiet),
  ]);
  return stringify({ rule_files: [ruleFile], evaluation_interval: '1m', tests }, { lineWidth: 0 });
}

/** Late enough for every `for`. */
const EVALUATED_AT = '36m';

function toTest({ name }: Alert, verdict: 'fires' | 'is quiet', series: Alert['fires']) {
  const samples = verdict === 'fires' ? [{ labels: `{alertname="${name}"}`, value: 1 }] : [];
  return {
    name: `${name} ${verdict}`,
    interval: '1m',
    input_series: series.map(([text, values]) => ({ series: text, values })),
    promql_expr_test: [
      {
        expr: `count by (alertname) (ALERTS{alertstate="firing",alertname="${name}"})`,
        eval_time: EVALUATED_AT,
        exp_samples: samples,
      },
    ],
  };
}
