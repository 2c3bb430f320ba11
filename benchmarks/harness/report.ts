/** Answers as people read them. */
import type { Answer, Figure, Verdict } from './answer.ts';

/** The answer for a terminal. */
export function answerInText(answer: Answer): string {
  const header = headerOf(answer);
  const rows = [header, ...answer.figures.map((figure) => cellsOf(figure))];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    `  ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   ')}`.trimEnd(),
  );
  const goals = answer.goals.map((goal) => `  ${goalInText(goal)}`);
  return [`${answer.question}: ${answer.asks}`, `  ${loadInText(answer)}`, '', ...table, '', ...goals]
    .join('\n')
    .trimEnd();
}

/** All answers as one page of Markdown. */
export function answersInMarkdown(answers: readonly Answer[]): string {
  return [
    '# Results',
    '',
    'Written by `npm run bench -- --save` from the JSON files beside this page. How the figures came about, and how to read',
    'them: [benchmarks](../README.md).',
    ...answers.flatMap((answer) => ['', ...markdownOf(answer)]),
    '',
  ].join('\n');
}

/** A figure as people say it: three digits that count, and a letter for thousands. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_500) return `${digits(value / 1e6)} M`;
  if (size >= 9_995) return `${digits(value / 1e3)} k`;
  return digits(value);
}

/** Whatever the plain contender is called, it is the plain one. */
function headerOf({ figures }: Answer): string[] {
  const [reference = 'plain'] = figures.flatMap(({ reference }) => reference ?? []);
  const times = `× ${reference.startsWith('plain') ? 'plain' : reference}`;
  return ['contender', 'measured', 'median', 'quartiles', times];
}

function markdownOf(answer: Answer): string[] {
  const rows = [
    headerOf(answer),
    ['---', '---', '--:', '--:', '--:'],
    ...answer.figures.map((figure) => cellsOf(figure)),
  ];
  const goals = answer.goals.map((goal) => `- ${goalInText(goal)}`);
  return [
    `## ${answer.question}`,
    '',
    `**${answer.asks}**`,
    '',
    answer.method,
    '',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    ...goals,
    ...(goals.length > 0 ? [''] : []),
    loadInText(answer),
  ];
}

function cellsOf({
  contender,
  name,
  unit,
  better,
  median,
  lowerQuartile,
  upperQuartile,
  timesReference,
}: Figure): string[] {
  return [
    contender,
    `${name}, ${unit} (${better} is better)`,
    short(median),
    `${short(lowerQuartile)} – ${short(upperQuartile)}`,
    timesReference === undefined ? '' : digits(timesReference.median),
  ];
}

function goalInText({ says, value, met }: Verdict): string {
  return `${met ? 'met' : 'MISSED'}: ${says} (it is ${short(value)})`;
}

function loadInText({ load, rounds, runs, disturbed, conditions }: Answer): string {
  const { node, platform, cores, commit } = conditions;
  const parts = Object.entries(load).map(([name, value]) => `${value.toLocaleString('en')} ${name}`);
  const times = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${disturbed} of ${runs} runs disturbed`;
  const where = `Node ${node} on ${platform}, ${cores} cores`;
  return `Load: ${parts.join(', ')}. ${times}. ${where}${commit === undefined ? '' : `, commit ${commit}`}.`;
}

/** Three digits that count, no exponents. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const whole = Math.trunc(Math.abs(value)).toString().length;
  const decimals = value === 0 ? 0 : Math.abs(value) < 1 ? 3 : Math.max(0, 3 - whole);
  return String(Number(value.toFixed(decimals)));
}
